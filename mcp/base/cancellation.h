#pragma once

#include <functional>
#include <optional>

#include "mcp/base/error.h"

namespace mcp {

/// The wish that one piece of work ends early: by the client's word, a deadline or a shutdown. Loop thread only.
///
/// Whoever waits registers a Callback that ends the wait; the work then returns Error::cancelled (or the reason's own code) like
/// any other failure, so that what must still happen (a notice to the upstream, a lease given back) is ordinary code.
class Cancellation {
 public:
  /// Runs `on_cancel` once when cancellation is requested, at once if it already was. Unregisters when destroyed; must not outlive
  /// the Cancellation. The callback may destroy other Callbacks of the same Cancellation, and itself.
  class Callback {
   public:
    Callback(Cancellation& source, std::function<void()> on_cancel);
    ~Callback();
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;

   private:
    friend class Cancellation;
    void unlink();

    Cancellation* source_;
    Callback* previous_ = nullptr;
    Callback* next_ = nullptr;
    std::function<void()> on_cancel_;
  };

  Cancellation() = default;
  ~Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  /// Asks the work to end. The first reason stays; later requests do nothing.
  void request(Error reason);

  bool requested() const { return reason_.has_value(); }

  /// Only while requested().
  const Error& reason() const { return *reason_; }

 private:
  std::optional<Error> reason_;
  Callback* first_ = nullptr;
};

}  // namespace mcp
