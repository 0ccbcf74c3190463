#include "http/message/answer.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

namespace headrace {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT", formatted once a second and thread.
std::string_view HttpDate() {
  thread_local std::time_t last = 0;
  thread_local std::string text;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != last || text.empty()) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    last = now.tv_sec;
    std::tm tm{};
    ::gmtime_r(&last, &tm);
    text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[tm.tm_wday], tm.tm_mday,
                       kMonths[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  }
  return text;
}

}  // namespace

void Answer::Add(std::string_view name, std::string_view value) {
  fields.append(name).append(": ").append(value).append("\r\n");
}

std::uint64_t Answer::BodySize() const {
  std::uint64_t size = text.size();
  for (const auto& piece : pieces) size += piece.size();
  return size;
}

std::string FormatHead(const Answer& answer, HeadContext context, std::size_t extra) {
  std::string head;
  head.reserve(answer.fields.size() + 192 + extra);
  const auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", answer.status, ReasonPhrase(answer.status),
                 HttpDate());
  head.append(answer.fields);
  if (answer.streamed && !answer.length) {
    head.append("Transfer-Encoding: chunked\r\n");
  } else if (answer.status != 204 && answer.status != 304) {
    fmt::format_to(out, "Content-Length: {}\r\n",
                   answer.streamed ? *answer.length : answer.BodySize());
  }
  if (!context.keep_alive) {
    head.append("Connection: close\r\n");
  } else if (!context.http11) {
    head.append("Connection: keep-alive\r\n");
  }
  head.append("\r\n");
  return head;
}

Answer JsonText(std::string text) {
  Answer answer;
  answer.fields = "Content-Type: application/json\r\nCache-Control: no-store\r\n";
  answer.text = std::move(text);
  answer.compressible = true;
  return answer;
}

const char* ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

}  // namespace headrace
