// Nothing here is flushed to disk: against a kill the page cache is enough, and against power loss
// counters that are a little old would be as wrong as counters that are a little older.
#include "native/store/ledger_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"

namespace weir {
namespace {

constexpr uint64_t kMagic = 0x3130'4744'4c52'4557;  // "WERLDG01" read as a little-endian integer
constexpr uint32_t kVersion = 1;
constexpr size_t kSlots = kProducersMax + 1;

// A CRC32C over everything before it stands at the end of both blocks.
struct ConstantBlock {
  uint64_t magic = kMagic;
  uint32_t version = kVersion;
  uint32_t slots = kSlots;
  uint32_t slot_bytes = sizeof(LedgerSlot);
  uint32_t crc = 0;
};

struct StateBlock {
  uint64_t sequence = 0;
  std::array<uint8_t, 16> log{};
  uint64_t committed_end = 0;
  uint64_t offered = 0;
  uint64_t collapsed = 0;
  std::array<uint64_t, kDropReasonCount> dropped{};
  BootId boot{};
  uint8_t clean = 0;
  std::array<uint8_t, 7> unused{};
  uint32_t crc = 0;
};

template <class Block>
uint32_t crc_of(const Block& block) {
  return crc32c(ByteView(reinterpret_cast<const uint8_t*>(&block), offsetof(Block, crc)));
}

// Names this boot of the machine; zeros where /proc does not tell, which then look like one boot.
BootId read_boot_id() {
  BootId id{};
  const UniqueFd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  const ssize_t size = fd.valid() ? ::read(fd.get(), id.data(), id.size()) : 0;
  if (size != static_cast<ssize_t>(id.size())) id.fill(0);
  return id;
}

}  // namespace

LedgerCounters operator-(const LedgerCounters& a, const LedgerCounters& b) {
  LedgerCounters result{a.offered - b.offered, a.collapsed - b.collapsed, {}};
  for (size_t i = 0; i < kDropReasonCount; ++i) result.dropped[i] = a.dropped[i] - b.dropped[i];
  return result;
}

LedgerCounters operator+(const LedgerCounters& a, const LedgerCounters& b) {
  return a - (LedgerCounters() - b);
}

struct LedgerPage::Layout {
  alignas(64) ConstantBlock constant;
  alignas(64) std::array<StateBlock, 2> states;
  std::array<LedgerSlot, kSlots> slots;

  bool intact() const {
    return constant.magic == kMagic && constant.version == kVersion && constant.slots == kSlots &&
           constant.slot_bytes == sizeof(LedgerSlot) && constant.crc == crc_of(constant);
  }
  bool never_used() const { return states[0].sequence == 0 && states[1].sequence == 0; }
  const StateBlock* newest_state() const {
    const StateBlock* newest = nullptr;
    for (const StateBlock& state : states) {
      if (state.sequence == 0 || state.crc != crc_of(state)) continue;
      if (newest == nullptr || state.sequence > newest->sequence) newest = &state;
    }
    return newest;
  }
  // The constant block comes last: without it the file is nobody's, and the next start resets it.
  void reset() {
    std::memset(static_cast<void*>(this), 0, sizeof(*this));
    ConstantBlock fresh;
    fresh.crc = crc_of(fresh);
    std::memcpy(&constant, &fresh, sizeof(fresh));
  }
};

namespace {

// Makes the file exactly `size` bytes, all of them reserved: a store into a hole of a full disk
// would be SIGBUS later. Answers the size before.
Result<uint64_t> resize(int fd, size_t size, const std::string& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return system_status("cannot inspect " + path);
  const auto before = static_cast<uint64_t>(info.st_size);
  if (before > size && ::ftruncate(fd, static_cast<off_t>(size)) != 0) {
    return system_status("cannot shorten " + path);
  }
  const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
  if (error != 0) return system_status("cannot reserve " + path, error);
  return before;
}

}  // namespace

Result<std::unique_ptr<LedgerPage>> LedgerPage::open(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return system_status("cannot open " + path);
  WEIR_ASSIGN(const uint64_t before, resize(fd.get(), sizeof(Layout), path));
  void* address = ::mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED) return system_status("cannot map " + path);

  auto* layout = static_cast<Layout*>(address);
  Found found = Found::kUnusable;
  if (before == sizeof(Layout) && layout->intact()) {
    if (layout->newest_state() != nullptr) found = Found::kIntact;
    if (layout->never_used()) found = Found::kFresh;
  }
  if (before == 0) found = Found::kFresh;
  if (found != Found::kIntact) layout->reset();
  return std::unique_ptr<LedgerPage>(new LedgerPage(layout, found));
}

LedgerPage::LedgerPage(Layout* layout, Found found)
    : layout_(layout), found_(found), boot_(read_boot_id()) {
  if (found_ == Found::kIntact) load_state();
}

LedgerPage::~LedgerPage() { ::munmap(layout_, sizeof(Layout)); }

void LedgerPage::load_state() {
  const StateBlock& block = *layout_->newest_state();
  sequence_ = block.sequence;
  state_.log.bytes = block.log;
  state_.committed_end = block.committed_end;
  state_.base = {block.offered, block.collapsed, block.dropped};
  state_.clean = block.clean != 0;
  earlier_boot_ = block.boot != boot_;
}

void LedgerPage::set_state(const State& state) {
  StateBlock block;
  block.sequence = ++sequence_;
  block.log = state.log.bytes;
  block.committed_end = state.committed_end;
  block.offered = state.base.offered;
  block.collapsed = state.base.collapsed;
  block.dropped = state.base.dropped;
  block.boot = boot_;
  block.clean = state.clean ? 1 : 0;
  block.crc = crc_of(block);
  // Over the older of the two: a kill in the middle leaves a block that fails its check, and the
  // other one as it was.
  std::memcpy(&layout_->states[sequence_ % 2], &block, sizeof(block));
  state_ = state;
}

LedgerSlot& LedgerPage::slot(size_t i) { return layout_->slots[i]; }

LedgerCounters LedgerPage::totals() const {
  LedgerCounters sum;
  sum.collapsed = layout_->slots.back().collapsed.load(std::memory_order_acquire);
  for (const LedgerSlot& slot : layout_->slots) {
    for (size_t i = 0; i < kDropReasonCount; ++i) {
      sum.dropped[i] += slot.dropped[i].load(std::memory_order_acquire);
    }
    sum.offered += slot.offered.load(std::memory_order_acquire);
  }
  return sum;
}

}  // namespace weir
