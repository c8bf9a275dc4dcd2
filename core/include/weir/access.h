// Access: which token may do what.
//
// A token is random bytes that its owner was shown once; a database knows its SHA-256, a name and
// its scopes: `ingest:<site>` (send the site's logs), `read:<site>`, `read:*`, and `admin` (make
// and drop tokens, and read everything; no sending).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/operation.h"
#include "weir/status.h"

namespace weir {

// kInvalid unless 1 … kSiteBytesMax bytes of a-z 0-9 '.' '_' '-', the first a letter or digit.
Status check_site(std::string_view site);

// What the scopes of one token allow; by default nothing.
struct Grants {
  bool admin = false;
  bool read_all = false;
  std::vector<std::string> read_sites;
  std::vector<std::string> ingest_sites;

  bool may_read(std::string_view site) const;
  bool may_ingest(std::string_view site) const;
};
// Scopes separated by single spaces, 1 … kScopesMax of them. kInvalid for anything else.
Result<Grants> parse_scopes(std::string_view scopes);
// The result of the statement token_scopes. kDenied if there is no such token.
Result<Grants> grants_at(const Rows& rows);

// Adds a token, or gives it another name and scopes. kInvalid if the scopes are, or if the hash is
// not 32 bytes or the name is longer than kTokenNameBytesMax.
std::unique_ptr<Operation> put_token(Bytes token_sha256, std::string name, std::string scopes,
                                     int64_t now_ms);
// kNotFound if there is no such token.
std::unique_ptr<Operation> drop_token(Bytes token_sha256);
// kDenied if there is no such token. `*result` must outlive the operation.
std::unique_ptr<Operation> find_grants(Bytes token_sha256, Grants* result);

}  // namespace weir
