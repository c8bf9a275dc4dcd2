// How results of the query engine look in JSON (docs/api.md).
#pragma once

#include "weir/json.h"
#include "weir/query.h"

namespace weir {

void write_statistics(const StatisticsResult& result, JsonWriter* json);
void write_series(const SeriesResult& result, JsonWriter* json);
void write_queries(const QueriesResult& result, JsonWriter* json);
void write_top(const TopResult& result, JsonWriter* json);
void write_top_items(const std::vector<TopEntry>& items, JsonWriter* json);
void write_ledger(const Ledger& ledger, JsonWriter* json);

}  // namespace weir
