#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/job.h"
#include "headrace/params.h"
#include "headrace/result.h"

namespace headrace {

// The service's side of a running job. One per job; used by the handler's thread only.
class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  virtual ~Context() = default;

  // True once nobody wants the job any more. A handler in `mode: thread` polls it.
  [[nodiscard]] virtual bool Cancelled() const = 0;

  // The instant after which the result is worthless (steady clock).
  [[nodiscard]] virtual std::chrono::steady_clock::time_point Deadline() const = 0;

  // For work that falls into tasks which do not need each other, such as pages: the next of `count`
  // tasks, from 0 on, that this process is to do, its parts included; nothing when none is left for
  // it. In `mode: process` others may do the rest at the same time, in processes of their own with
  // the same job; the parts come out in the order of the tasks. The same count at every call.
  [[nodiscard]] virtual std::optional<std::uint32_t> NextTask(std::uint32_t count) {
    if (next_task_ >= count) return std::nullopt;
    return next_task_++;
  }

  // Adds one part to the result, in order; the bytes are copied out before it returns. Returns
  // false if the job is over for another reason (cancelled, result too large): the handler returns
  // then.
  [[nodiscard]] virtual bool AddPart(std::string_view name, std::string_view media_type,
                                     std::span<const std::byte> bytes) = 0;

  // Tells whoever watches the job that `done` of `total` steps (pages, say) are done. Cheap: a
  // handler calls it after every step, and not every call is passed on.
  virtual void Progress(std::uint32_t /*done*/, std::uint32_t /*total*/) {}

 private:
  std::uint32_t next_task_ = 0;
};

// Code that does one kind of job. Implementations declare what they take by `HandlerInfo`.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  // Loads what every job needs (fonts, models). Called once, before the first Run; in `mode:
  // process` in the zygote, so that executors inherit it. Throws std::exception if the handler
  // cannot work.
  virtual void Warm() {}

  // Does the job; adds parts to `context`. Returns the failure, or nothing on success. In
  // `mode: thread` it may be called from several threads at once. Exceptions count as kInternal.
  [[nodiscard]] virtual std::optional<Failure> Run(const Job& job, Context& context) = 0;
};

// What admission and the API description know of a handler without running it.
struct HandlerInfo {
  std::string name;
  std::string description;
  std::vector<ParamSpec> params;
  std::vector<std::string> media_types;  // accepted payload types; empty: any
  bool needs_payload = false;            // an empty body is refused with 422

  // Checks what single specifications cannot say (combinations, syntaxes). Returns the sentence for
  // the client, or nothing. May be empty. Thread-safe.
  std::function<std::optional<std::string>(const Params& params)> check;

  // Media types that parts of its results have, beside those of its `format`; empty: not known.
  std::vector<std::string> result_types = {};
};

}  // namespace headrace
