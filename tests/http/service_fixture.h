#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/ledger.h"
#include "engine/memory/memory_engine.h"
#include "headrace/handler.h"
#include "metrics/metrics.h"
#include "service/job_service.h"

namespace headrace {

// A service with two queues over a memory engine, without workers: "echo" (a second address /put;
// any payload, two workers) and "pdf" (PDFs only, one place in all).
class ServiceFixture : public testing::Test {
 protected:
  ServiceFixture() {
    echo_.name = "echo";
    echo_.params = EchoParams();
    pdf_.name = "pdf-to-image";
    pdf_.params = PdfParams();
    pdf_.media_types = {"application/pdf"};
    pdf_.needs_payload = true;
    ServiceQueue echo;
    echo.options = {"echo", 2, 256};
    echo.handler = &echo_;
    echo.path = "/put";
    ServiceQueue pdf;
    pdf.options = {"pdf", 1, 0};
    pdf.handler = &pdf_;
    engine_ = std::make_unique<MemoryEngine>(std::vector<QueueOptions>{echo.options, pdf.options});
    metrics_ = std::make_unique<Metrics>(std::vector<std::string>{"echo", "pdf"}, *engine_, "test");
    JobService::Options options;
    options.queues = {echo, pdf};
    options.max_body = std::size_t{64} << 20;
    options.ledger = &ledger_;
    service_ = std::make_unique<JobService>(std::move(options), *engine_, *metrics_);
  }

  static std::vector<ParamSpec> EchoParams() {
    ParamSpec parts;
    parts.name = "parts";
    parts.type = ParamType::kInteger;
    parts.default_value = "1";
    ParamSpec say;
    say.name = "say";
    ParamSpec secret;
    secret.name = "secret";
    secret.secret = true;
    return {parts, say, secret};
  }

  static std::vector<ParamSpec> PdfParams() {
    ParamSpec format;
    format.name = "format";
    format.type = ParamType::kChoice;
    format.choices = {"png", "jpeg"};
    format.media_types = {"image/png", "image/jpeg"};
    format.default_value = "png";
    return {format};
  }

  Ledger ledger_{std::uint64_t{1} << 30};
  HandlerInfo echo_;
  HandlerInfo pdf_;
  std::unique_ptr<MemoryEngine> engine_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<JobService> service_;
};

}  // namespace headrace
