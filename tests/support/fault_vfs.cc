// Every file is the real VFS's file behind a table of methods that pass everything on; some of them
// ask for a failure first. Most methods of the VFS are the real one's own.
#include "support/fault_vfs.h"

#include <cstddef>

namespace weir {
namespace {

FaultVfs* current = nullptr;
sqlite3_vfs* real_vfs = nullptr;

struct FaultFile {
  sqlite3_file base;
  sqlite3_file* real;
};

sqlite3_file* real_of(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file)->real; }

// Passes a call on to the method of the real file.
template <auto Method, class... Arguments>
auto pass(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file* const real = real_of(file);
  return (real->pMethods->*Method)(real, arguments...);
}

template <auto Method, class... Arguments>
int pass_or_fail(sqlite3_file* file, Arguments... arguments) {
  const int code = current->next();
  return code != SQLITE_OK ? code : pass<Method>(file, arguments...);
}

// One that does not fail is left out: no test cuts the power, and it would take most of their time.
int sync(sqlite3_file*, int) {
  current->count_sync();
  return current->next();
}

int lock(sqlite3_file* file, int level) {
  const int code = current->next_other(SQLITE_IOERR_LOCK);
  return code != SQLITE_OK ? code : pass<&sqlite3_io_methods::xLock>(file, level);
}

// Giving a lock up does not fail.
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  const int code =
      (flags & SQLITE_SHM_LOCK) != 0 ? current->next_other(SQLITE_IOERR_SHMLOCK) : SQLITE_OK;
  return code != SQLITE_OK ? code : pass<&sqlite3_io_methods::xShmLock>(file, offset, count, flags);
}

using Methods = sqlite3_io_methods;

constexpr Methods kMethods = {
    .iVersion = 3,
    .xClose = pass<&Methods::xClose>,
    .xRead = pass<&Methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = pass_or_fail<&Methods::xWrite, const void*, int, sqlite3_int64>,
    .xTruncate = pass_or_fail<&Methods::xTruncate, sqlite3_int64>,
    .xSync = sync,
    .xFileSize = pass<&Methods::xFileSize, sqlite3_int64*>,
    .xLock = lock,
    .xUnlock = pass<&Methods::xUnlock, int>,
    .xCheckReservedLock = pass<&Methods::xCheckReservedLock, int*>,
    .xFileControl = pass<&Methods::xFileControl, int, void*>,
    .xSectorSize = pass<&Methods::xSectorSize>,
    .xDeviceCharacteristics = pass<&Methods::xDeviceCharacteristics>,
    .xShmMap = pass<&Methods::xShmMap, int, int, int, void volatile**>,
    .xShmLock = shm_lock,
    .xShmBarrier = pass<&Methods::xShmBarrier>,
    .xShmUnmap = pass<&Methods::xShmUnmap, int>,
    .xFetch = pass<&Methods::xFetch, sqlite3_int64, int, void**>,
    .xUnfetch = pass<&Methods::xUnfetch, sqlite3_int64, void*>,
};

constexpr size_t kRealOffset =
    (sizeof(FaultFile) + alignof(std::max_align_t) - 1) & ~(alignof(std::max_align_t) - 1);

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* const fault = reinterpret_cast<FaultFile*>(file);
  if (const int code = current->next_other(SQLITE_CANTOPEN); code != SQLITE_OK) {
    fault->base.pMethods = nullptr;
    return code;
  }
  fault->real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kRealOffset);
  const int result = real_vfs->xOpen(real_vfs, name, fault->real, flags, out_flags);
  // Without methods SQLite knows that there is nothing to close.
  fault->base.pMethods = fault->real->pMethods == nullptr ? nullptr : &kMethods;
  return result;
}

int remove(sqlite3_vfs*, const char* name, int sync) {
  const int code = current->next_other(SQLITE_IOERR_DELETE);
  return code != SQLITE_OK ? code : real_vfs->xDelete(real_vfs, name, sync);
}

}  // namespace

FaultVfs::FaultVfs() {
  real_vfs = sqlite3_vfs_find(nullptr);
  vfs_ = *real_vfs;
  vfs_.zName = "weir-fault";
  vfs_.szOsFile += static_cast<int>(kRealOffset);
  vfs_.xOpen = open;
  vfs_.xDelete = remove;
  current = this;
  sqlite3_vfs_register(&vfs_, /*makeDflt=*/1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_vfs, /*makeDflt=*/1);
  current = nullptr;
}

void FaultVfs::arm(const Plan& plan) {
  operation_ = 0;
  done_ = failures_ = 0;
  code_ = plan.code;
  persistent_ = plan.persistent;
  counts_all_ = plan.counted == Operations::kAll;
  operation_ = plan.operation;
}

int FaultVfs::next() {
  const uint64_t planned = operation_;
  const uint64_t now = ++done_;
  const bool fails = planned != 0 && (persistent_ ? now >= planned : now == planned);
  if (!fails) return SQLITE_OK;
  ++failures_;
  return code_;
}

int FaultVfs::next_other(int code) { return counts_all_ && next() != SQLITE_OK ? code : SQLITE_OK; }

}  // namespace weir
