// dns_hot: what does a cached answer cost, with the log on, handed off inline, and off?
//
// Question: CPU microseconds per query of the whole `weir` process, and queries per second that it
// answers on one processor, when every answer comes from the cache; and how long an answer takes
// while only kQuietWindow queries of each of 4 sockets are in flight, so that it waits for the
// server and not behind others. Rival, in the same run under the same load: a bare responder that
// copies a prepared answer back with recvmmsg and sendmmsg, the ceiling of UDP on this machine.
//
// Load: kNames names with a Zipf(1.0) distribution, type A (udp_load.h); the log stores every
// repeat. Server and client are pinned to different processors where there are two. The upstream is
// a thread of this program; every name is asked before the clock starts.
//
//   dns_hot [--smoke] [--json]      WEIR_BINARY names the binary (default: weir in the build
//   folder)
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <string>
#include <thread>

#include "bench_report.h"
#include "udp_load.h"
#include "weir/dns_message.h"

namespace weir::bench {
namespace {

namespace fs = std::filesystem;
constexpr size_t kNames = 1000;
constexpr size_t kQuietWindow = 1;

// What the server is told of its log.
struct LogCase {
  const char* name;
  const char* keys;
  bool stores;
};
constexpr LogCase kLogCases[] = {
    {"cached, log on", "enabled: true, handoff: ring", true},
    {"cached, log on, handoff inline", "enabled: true, handoff: inline", true},
    {"cached, log off", "enabled: false", false},
};

void pin_to(unsigned processor) {
  if (std::thread::hardware_concurrency() < 2) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) die("sched_setaffinity");
}

std::vector<Message> make_queries() {
  std::vector<Message> queries;
  for (size_t i = 0; i < kNames; ++i) {
    Message message(kMessageBytes);
    DnsWriter writer(message);
    DnsHeader header;
    header.rd = true;
    writer.header(header);
    auto name = DnsName::parse("host" + std::to_string(i) + ".bench.example");
    WEIR_CHECK(name.ok());
    writer.question(*name, qtype::kA, kClassIn);
    message.resize(writer.finish().size());
    queries.push_back(std::move(message));
  }
  return queries;
}

std::vector<uint16_t> zipf_order(size_t count) {
  std::vector<double> weights;
  for (size_t i = 0; i < kNames; ++i) weights.push_back(1.0 / static_cast<double>(i + 1));
  std::discrete_distribution<uint16_t> pick(weights.begin(), weights.end());
  std::mt19937 random(1);
  std::vector<uint16_t> order(count);
  for (auto& index : order) index = pick(random);
  return order;
}

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) die("clock");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Measured {
  double cpu_us = 0;  // per query
  double per_second = 0;
  double p50_us = 0;  // from query to answer, few in flight
  double p99_us = 0;
  double dropped_percent = 0;  // of the events offered to the log
};

// Orders the samples.
double percentile_us(std::vector<uint32_t>& samples_ns, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(samples_ns.size() - 1));
  std::nth_element(samples_ns.begin(), samples_ns.begin() + at, samples_ns.end());
  return samples_ns[static_cast<size_t>(at)] * 1e-3;
}

// Warms the cache, then measures.
Measured measure(pid_t process, uint16_t port, double seconds) {
  auto queries = make_queries();
  std::vector<uint16_t> every(kNames);
  std::iota(every.begin(), every.end(), uint16_t{0});
  const double warm_up = std::max(0.5, seconds / 10);
  if (run_load(port, queries, every, kFullWindow, warm_up).answered < kNames) die("warm-up");
  double before = cpu_seconds_of(process);
  const auto order = zipf_order(1 << 16);
  Load load = run_load(port, queries, order, kFullWindow, seconds);
  double cpu = cpu_seconds_of(process) - before;
  Load quiet = run_load(port, queries, order, kQuietWindow, seconds / 2);
  if (load.answered == 0 || quiet.answered == 0) die("no answers");
  auto answered = static_cast<double>(load.answered);
  return {.cpu_us = cpu * 1e6 / answered,
          .per_second = answered / load.seconds,
          .p50_us = percentile_us(quiet.latencies_ns, 0.5),
          .p99_us = percentile_us(quiet.latencies_ns, 0.99)};
}

void end_child(pid_t process) {
  kill(process, SIGTERM);
  int status = 0;
  waitpid(process, &status, 0);
}

Measured measure_rival(double seconds) {
  int fd = bound_socket(0);
  uint16_t port = port_of(fd);
  pid_t process = fork();
  if (process == 0) {
    pin_to(0);
    std::atomic<bool> never{false};
    respond(fd, never);
  }
  close(fd);
  Measured measured = measure(process, port, seconds);
  end_child(process);
  return measured;
}

void write_config(const fs::path& folder, uint16_t dns, uint16_t upstream, const LogCase& log) {
  std::ofstream(folder / "weir.yaml")
      << "data_dir: " << (folder / "data").string() << "\ndns: {listen: [\"127.0.0.1:" << dns
      << "\"], threads: 1}\nupstreams: [\"udp://127.0.0.1:" << upstream
      << "\"]\nhttp: {listen: [\"127.0.0.1:" << free_port() << "\"]}\nquery_log: {" << log.keys
      << ", buffer_size: 200000, flood_repeats: 0}\n";
}

pid_t start_weir(const std::string& binary, const fs::path& folder) {
  pid_t process = fork();
  if (process != 0) return process;
  pin_to(0);
  int out = open((folder / "weir.log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(out, 1);
  dup2(out, 2);
  std::string config = (folder / "weir.yaml").string();
  execl(binary.c_str(), binary.c_str(), "serve", "--config", config.c_str(), nullptr);
  _exit(127);
}

// Until the first answer, or 20 s.
void wait_for_answers(uint16_t port, const fs::path& folder) {
  auto queries = make_queries();
  for (int tries = 0; tries < 100; ++tries) {
    if (run_load(port, queries, {0}, kFullWindow, 0.1).answered > 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::ifstream log(folder / "weir.log");
  std::fprintf(stderr, "%s", std::string(std::istreambuf_iterator<char>(log), {}).c_str());
  die("weir does not answer");
}

// The number in the line of that name of what `weir stats` prints, without the spaces between its
// thousands; 0 if there is no such line.
double number_of(const std::string& text, const std::string& name) {
  const size_t at = text.find("\n" + name + " ");
  if (at == std::string::npos) return 0;
  std::string digits;
  for (size_t i = at + name.size() + 1; i < text.size() && text[i] != '\n'; ++i)
    if (text[i] != ' ') digits += text[i];
  return std::strtod(digits.c_str(), nullptr);
}

// What the log could not take, after the server has ended.
double dropped_percent(const std::string& binary, const fs::path& folder) {
  const std::string command = binary + " --data " + (folder / "data").string() + " stats";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) die("popen");
  std::string text(1 << 16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), pipe));
  if (pclose(pipe) != 0) die("weir stats");
  const double offered = number_of(text, "offered");
  if (offered == 0) die("nothing was logged");
  return 100 * number_of(text, "dropped (buffer_full)") / offered;
}

Measured measure_weir(const std::string& binary, uint16_t upstream, const LogCase& log,
                      double seconds) {
  std::string name = (fs::temp_directory_path() / "weir-dns-hot-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) die("mkdtemp");
  fs::path folder(name);
  uint16_t port = free_port();
  write_config(folder, port, upstream, log);
  pid_t process = start_weir(binary, folder);
  wait_for_answers(port, folder);
  Measured measured = measure(process, port, seconds);
  end_child(process);
  if (log.stores) measured.dropped_percent = dropped_percent(binary, folder);
  fs::remove_all(folder);
  return measured;
}

std::string find_binary(const char* argv0) {
  if (const char* named = std::getenv("WEIR_BINARY")) return named;
  return (fs::canonical(argv0).parent_path().parent_path() / "weir").string();
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  const BenchReport report("dns_hot", argc, argv);
  const std::string binary = find_binary(argv[0]);
  const double seconds = report.smoke() ? 0.5 : 10;
  if (std::thread::hardware_concurrency() > 1) pin_to(1);
  const Measured rival = measure_rival(seconds);  // forks, so before any thread is started
  std::atomic<bool> stop{false};
  const int upstream = bound_socket(0);
  std::thread responder([&] { respond(upstream, stop); });
  for (const LogCase& log : kLogCases) {
    const Measured weir = measure_weir(binary, port_of(upstream), log, seconds);
    constexpr const char* kRival = "bare recvmmsg responder";
    report.row(log.name, weir.cpu_us, "CPU us/query", kRival, rival.cpu_us);
    report.row(log.name, weir.per_second, "queries/s", kRival, rival.per_second);
    report.row(log.name, weir.p50_us, "us to the answer, p50", kRival, rival.p50_us);
    report.row(log.name, weir.p99_us, "us to the answer, p99", kRival, rival.p99_us);
    if (log.stores) report.row(log.name, weir.dropped_percent, "% of the events dropped");
  }
  stop = true;
  responder.join();
  close(upstream);
  return 0;
}
