// What a worker of `protocol: frames` sends: it is a program of somebody else's, fed with documents
// of strangers. However its bytes are cut into pieces, the same is understood, and no more than was
// sent.

#include "handler/command/worker_frames.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "handler/frames/frames.h"

namespace {

void Require(bool promise) {
  if (!promise) std::abort();
}

// Takes a job as soon as it may, and writes down what it was told.
class Listener final : public headrace::WorkerListener {
 public:
  void OnReady() override { Note("ready"); }
  void OnPart(const headrace::WorkerPart& part) override {
    Require(headrace::ValidPartName(part.name) && headrace::ValidMediaType(part.media_type));
    Require(left_ == 0);
    left_ = part.size;
    in_part_ = true;
    heard += std::string(part.name) + ' ' + std::string(part.media_type) + ' ';
  }
  void OnPartBytes(std::span<const std::byte> bytes) override {
    Require(in_part_ && bytes.size() <= left_ && !bytes.empty());
    left_ -= bytes.size();
    heard.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void OnPartEnd() override {
    Require(in_part_ && left_ == 0);
    in_part_ = false;
    heard += " end\n";
  }
  void OnProgress(std::uint32_t done, std::uint32_t total) override {
    Require(done <= total && total != 0);
    heard += "progress\n";
  }
  void OnDone() override { Note("done"); }
  void OnFailure(const headrace::WorkerFailure& failure) override {
    Require(failure.hint.size() <= headrace::kMaxFailureHint);
    Require(failure.detail.size() <= headrace::kMaxFailureDetail);
    Note("failure " + std::string(failure.hint) + std::string(failure.detail));
  }

  headrace::WorkerStream* stream = nullptr;
  std::string heard;

 private:
  void Note(const std::string& what) {
    Require(!in_part_ && stream->idle());
    heard += what + '\n';
    stream->BeginJob();
  }

  std::uint64_t left_ = 0;
  bool in_part_ = false;
};

struct Heard {
  bool sound = true;
  std::string text;
  std::string problem;
};

Heard Listen(std::span<const std::byte> bytes, std::size_t piece) {
  Listener listener;
  headrace::WorkerStream stream(listener);
  listener.stream = &stream;
  bool sound = true;
  while (sound && !bytes.empty()) {
    const auto next = bytes.first(std::min(piece, bytes.size()));
    sound = stream.Feed(next);
    bytes = bytes.subspan(next.size());
  }
  Require(sound == stream.problem().empty());
  return {sound, listener.heard, stream.problem()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const Heard whole = Listen(bytes.subspan(1), size);
  const Heard pieces = Listen(bytes.subspan(1), std::size_t{data[0]} % 16 + 1);
  Require(whole.sound == pieces.sound && whole.text == pieces.text);
  Require(whole.problem == pieces.problem);
  return 0;
}
