// Times as RFC 3339 text. The calendar is the proleptic Gregorian one, by the well-known
// conversion between days and civil dates in eras of 400 years (146,097 days) that begin in March,
// so that the leap day is the last of its year.
#include <algorithm>
#include <cstddef>

#include "weir/json.h"
#include "weir/limits.h"

namespace weir {
namespace {

constexpr int64_t kEraDays = 146'097;
constexpr int64_t kDaysToEpoch = 719'468;         // from 0000-03-01 to 1970-01-01
constexpr int64_t kTextMsMax = 253402300799'999;  // 9999-12-31T23:59:59.999Z

struct Civil {
  int64_t year = 0;
  int64_t month = 0;  // 1 to 12
  int64_t day = 0;    // 1 to 31
};

Civil civil_of(int64_t days_since_1970) {
  int64_t days = days_since_1970 + kDaysToEpoch;
  int64_t era = days / kEraDays;
  int64_t day_of_era = days % kEraDays;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_from_march = (5 * day_of_year + 2) / 153;
  Civil civil;
  civil.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  civil.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

int64_t days_of(const Civil& civil) {
  int64_t year = civil.year - (civil.month <= 2 ? 1 : 0);
  int64_t era = year / 400;
  int64_t year_of_era = year % 400;
  int64_t month_from_march = civil.month > 2 ? civil.month - 3 : civil.month + 9;
  int64_t day_of_year = (153 * month_from_march + 2) / 5 + civil.day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kEraDays + day_of_era - kDaysToEpoch;
}

int64_t days_in_month(int64_t year, int64_t month) {
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (month == 2) return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

void append_digits(std::string* out, int64_t value, int width) {
  std::string digits(static_cast<size_t>(width), '0');
  for (int i = width; i-- > 0; value /= 10) {
    digits[static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  *out += digits;
}

// Takes the text from the front; `failed` stays set after the first thing that is not there.
struct Scanner {
  std::string_view rest;
  bool failed = false;

  bool at_digit() const { return !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; }
  bool take_if(char upper, char lower) {
    if (rest.empty() || (rest[0] != upper && rest[0] != lower)) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char upper, char lower) { failed = !take_if(upper, lower) || failed; }
  int64_t digits(int count, int64_t least, int64_t most) {
    int64_t value = 0;
    for (int i = 0; i < count; ++i) {
      if (!at_digit()) {
        failed = true;
        return 0;
      }
      value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    failed = failed || value < least || value > most;
    return value;
  }
  int64_t fraction_ms() {
    if (!take_if('.', '.')) return 0;
    failed = failed || !at_digit();
    int64_t value = 0;
    for (int64_t scale = 100; at_digit(); scale /= 10) {
      value += (rest[0] - '0') * scale;
      rest.remove_prefix(1);
    }
    return value;
  }
  int64_t offset_minutes() {
    if (take_if('Z', 'z')) return 0;
    bool east = take_if('+', '+');
    if (!east) expect('-', '-');
    int64_t hours = digits(2, 0, 23);
    expect(':', ':');
    int64_t minutes = hours * 60 + digits(2, 0, 59);
    return east ? minutes : -minutes;
  }
};

}  // namespace

std::string rfc3339_text(int64_t time_ms) {
  time_ms = std::clamp<int64_t>(time_ms, 0, kTextMsMax);
  Civil civil = civil_of(time_ms / kDayMs);
  int64_t in_day = time_ms % kDayMs;
  struct Part {
    int64_t value;
    int width;
    char after;
  };
  const Part parts[] = {
      {civil.year, 4, '-'},         {civil.month, 2, '-'},          {civil.day, 2, 'T'},
      {in_day / 3'600'000, 2, ':'}, {in_day / 60'000 % 60, 2, ':'}, {in_day / 1000 % 60, 2, '.'},
      {in_day % 1000, 3, 'Z'},
  };
  std::string out;
  for (const Part& part : parts) {
    append_digits(&out, part.value, part.width);
    out += part.after;
  }
  return out;
}

Result<int64_t> parse_rfc3339(std::string_view text) {
  Scanner scan{text};
  Civil civil;
  civil.year = scan.digits(4, 1, 9999);
  scan.expect('-', '-');
  civil.month = scan.digits(2, 1, 12);
  scan.expect('-', '-');
  civil.day = scan.digits(2, 1, days_in_month(civil.year, civil.month));
  scan.expect('T', 't');
  int64_t seconds = scan.digits(2, 0, 23) * 3600;
  scan.expect(':', ':');
  seconds += scan.digits(2, 0, 59) * 60;
  scan.expect(':', ':');
  seconds += scan.digits(2, 0, 60);  // RFC 3339 section 5.7: leap seconds
  int64_t ms = seconds * 1000 + scan.fraction_ms();
  ms -= scan.offset_minutes() * 60'000;
  if (scan.failed || !scan.rest.empty()) {
    return Status(Code::kInvalid, "not a time like 2026-11-20T18:37:00Z");
  }
  ms += days_of(civil) * kDayMs;
  if (ms < 0) return Status(Code::kInvalid, "a time before 1970");
  return ms;
}

}  // namespace weir
