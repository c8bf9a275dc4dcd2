// Subscribers: who hears of every event before it is written. Nobody costs the writer one load.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <utility>

#include "native/runtime/guarded.h"
#include "native/store/event_id.h"

namespace weir {

// Thread-safe; tell() is the writer's.
class Subscribers {
  struct State {
    Guarded<std::map<uint64_t, EventListener>> listeners;
    std::atomic<uint64_t> made{0};
    std::atomic<size_t> count{0};
  };

 public:
  // Ends with its own end: no call is under way then, and none follows. May outlive the log.
  class Subscription {
   public:
    Subscription(Subscription&& other) noexcept = default;
    Subscription& operator=(Subscription&&) = delete;
    ~Subscription() {
      if (state_ == nullptr) return;
      state_->listeners.with([this](auto& listeners) { listeners.erase(key_); });
      --state_->count;
    }

   private:
    friend class Subscribers;
    Subscription(std::shared_ptr<State> state, uint64_t key)
        : state_(std::move(state)), key_(key) {}
    std::shared_ptr<State> state_;
    uint64_t key_;
  };

  [[nodiscard]] Subscription subscribe(EventListener listener) {
    const uint64_t key = ++state_->made;
    state_->listeners.with([&](auto& listeners) { listeners.emplace(key, std::move(listener)); });
    ++state_->count;
    return Subscription(state_, key);
  }

  void tell(const EventId& id, const Event& event) const {
    if (state_->count.load(std::memory_order_relaxed) == 0) return;
    state_->listeners.with([&](const auto& listeners) {
      for (const auto& [key, listener] : listeners) listener(id, event);
    });
  }

 private:
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace weir
