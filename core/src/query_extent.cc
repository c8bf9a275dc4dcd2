// find_extent: one statement over the ends of the rollups and the rows behind the watermarks.
#include "machine.h"
#include "statements.h"
#include "weir/query.h"

namespace weir {
namespace {

class FindExtent final : public Machine<FindExtent> {
 public:
  explicit FindExtent(Extent* result) : Machine(&FindExtent::begin), result_(*result) {}

 private:
  Result<Step> begin(Reply&) {
    result_ = {};
    return read({Statement{StatementId::kQueryExtent, {}}}, &FindExtent::on_extent);
  }

  Result<Step> on_extent(Reply& reply) {
    const Rows& rows = reply.results.at(0);
    if (null_at(rows, 0, 0) || null_at(rows, 0, 1)) return done();
    WEIR_ASSIGN(result_.oldest_ms, integer_at(rows, 0, 0));
    WEIR_ASSIGN(result_.newest_ms, integer_at(rows, 0, 1));
    return done();
  }

  Extent& result_;
};

}  // namespace

OperationPtr find_extent(Extent* result) { return std::make_unique<FindExtent>(result); }

}  // namespace weir
