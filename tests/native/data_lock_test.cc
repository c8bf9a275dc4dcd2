#include "native/store/data_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "catch.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

TEST_CASE("the data directory is made if it is missing") {
  const TemporaryFolder folder;
  const std::string path = folder.path("a/b");
  CHECK(DataLock::take(path).ok());
  CHECK(std::filesystem::is_directory(path));
}

TEST_CASE("a directory is locked once, and named with who holds it") {
  const TemporaryFolder folder;
  const std::string path = folder.path("data");
  auto held = DataLock::take(path);
  REQUIRE(held.ok());
  const auto second = DataLock::take(path);
  CHECK(second.status().code() == Code::kConflict);
  CHECK(second.status().message().find(path) != std::string::npos);
  CHECK(second.status().message().find(std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("the lock ends with its owner") {
  const TemporaryFolder folder;
  {
    REQUIRE(DataLock::take(folder.path("data")).ok());
  }
  CHECK(DataLock::take(folder.path("data")).ok());
}

TEST_CASE("a lock whose file went with its directory is taken again, or somebody else has it") {
  const TemporaryFolder folder;
  const std::string path = folder.path("data");
  auto held = DataLock::take(path);
  REQUIRE(held.ok());
  REQUIRE(held->renew(path).ok());
  std::filesystem::remove_all(path);
  REQUIRE(held->renew(path).ok());
  CHECK(DataLock::take(path).status().code() == Code::kConflict);
  std::filesystem::remove_all(path);
  const auto other = DataLock::take(path);
  REQUIRE(other.ok());
  CHECK(held->renew(path).code() == Code::kConflict);
}

TEST_CASE("the lock of a process that was killed is free") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto held = DataLock::take(folder.path("data"));
    ::_exit(held.ok() ? 0 : 1);  // without any clean-up
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(status == 0);
  CHECK(DataLock::take(folder.path("data")).ok());
}

TEST_CASE("a directory that cannot be made is denied with its name") {
  const TemporaryFolder folder;
  folder.write("file", "");
  const auto lock = DataLock::take(folder.path("file/data"));
  CHECK(lock.status().code() == Code::kDenied);
  CHECK(lock.status().message().find("file/data") != std::string::npos);
}

TEST_CASE("a directory that cannot be written is denied with its name") {
  // A folder in the lock's place is refused even to root.
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("data/weir.lock"));
  const auto lock = DataLock::take(folder.path("data"));
  CHECK(lock.status().code() == Code::kDenied);
  CHECK(lock.status().message().find("data") != std::string::npos);
}

}  // namespace
}  // namespace weir
