// A handler of one's own in headrace: counts the primes below a number.
#include <headrace/main.h>

#include <span>
#include <string>

class Primes final : public headrace::Handler {
  std::optional<headrace::Failure> Run(const headrace::Job& job,
                                       headrace::Context& context) override {
    const std::size_t below = std::stoul(job.params.at("below"));
    std::vector<bool> composite(below);
    std::size_t count = 0;
    for (std::size_t n = 2; n < below; ++n) {
      if (composite[n]) continue;
      if (count++ % 1000 == 0 && context.Cancelled()) return std::nullopt;
      for (std::size_t multiple = n * n; multiple < below; multiple += n) composite[multiple] = true;
    }
    const std::string text = std::to_string(count) + " primes below " + std::to_string(below) + "\n";
    static_cast<void>(
        context.AddPart("primes.txt", "text/plain", std::as_bytes(std::span(text))));
    return std::nullopt;
  }
};

int main(int argc, char** argv) {
  headrace::LinkedHandler primes;
  primes.info.name = "primes";
  primes.info.description = "counts the primes below a number";
  primes.info.params = {{.name = "below",
                         .type = headrace::ParamType::kInteger,
                         .default_value = "1000000",
                         .minimum = 2,
                         .maximum = 100'000'000}};
  primes.make = [] { return std::make_unique<Primes>(); };
  primes.thread_safe = true;
  return headrace::Main(argc, argv, {primes});
}
