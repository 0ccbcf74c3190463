#include "http/page.h"

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

#include "base/job_id.h"

namespace headrace {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ink:#1b2733;--soft:#5b6b7a;--line:#d9e0e6;--paper:#fff;--ground:#f3f6f8;--accent:#0b6bcb}
@media(prefers-color-scheme:dark){:root{--ink:#e7edf2;--soft:#9fb0bf;--line:#2c3a47;--paper:#17212b;--ground:#0f161d;--accent:#5fb0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:56rem;margin:0 auto;padding:2rem 1rem}
h1{margin:0;font-size:1.6rem}
h1+p{margin:.2rem 0 1.5rem;color:var(--soft)}
section{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;padding:1.25rem;margin-bottom:1.25rem;overflow-x:auto}
h2{margin:0 0 1rem;font-size:1.1rem}
form{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:1rem;align-items:end}
label{display:block;font-size:.875rem;color:var(--soft)}
.wide{grid-column:1/-1}
input,select{display:block;width:100%;margin-top:.25rem;padding:.5rem .6rem;font:inherit;color:var(--ink);background:var(--ground);border:1px solid var(--line);border-radius:.5rem}
button{padding:.6rem 1rem;font:inherit;font-weight:600;color:var(--paper);background:var(--accent);border:0;border-radius:.5rem;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.5rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}
thead th{font-size:.8rem;color:var(--soft);font-weight:600}
tbody tr:last-child>*{border-bottom:0}
footer{color:var(--soft);font-size:.875rem}
a{color:var(--accent)}
)css";

constexpr std::string_view kForm = R"html(<section aria-labelledby="make">
<h2 id="make">PDF pages to images</h2>
<form method="post" enctype="multipart/form-data" action="/v1/queues/{0}/jobs">
<label class="wide">PDF file<input type="file" name="file" accept="application/pdf,.pdf" required></label>
<label>Resolution (dpi)<input type="number" name="dpi" value="150" min="10" max="600"></label>
<label>Format<select name="format"><option value="png">PNG</option><option value="jpeg">JPEG</option></select></label>
<label>Pages<input name="pages" placeholder="all, or 1-3,7,last" maxlength="200"></label>
<label>Password<input type="password" name="password" autocomplete="off"></label>
<button type="submit">Make images</button>
</form>
<p><small>One page comes back as an image, several as a zip file.</small></p>
</section>
)html";

constexpr std::string_view kNeedsKey = R"html(<section aria-labelledby="key">
<h2 id="key">A key is needed</h2>
<p>Whoever runs this service gives out keys. Programs send theirs with each request:</p>
<pre>curl -H "Authorization: Bearer $KEY" --data-binary @a.pdf -o pages.zip \
  ADDRESS/v1/queues/QUEUE/jobs</pre>
<p>With it, <code>/v1/queues</code> tells which queues there are.</p>
</section>
)html";

void AppendText(std::string& html, std::string_view text) {
  for (char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html.push_back(c);
    }
  }
}

void AppendForm(std::string& html, const JobService& service) {
  for (const auto& queue : service.queues()) {
    if (queue.handler->name != "pdf-to-image") continue;
    std::string name;
    AppendText(name, queue.options.name);
    fmt::format_to(std::back_inserter(html), kForm, name);
    return;
  }
}

void AppendQueues(std::string& html, const JobService& service) {
  html += R"html(<section aria-labelledby="queues">
<h2 id="queues">Queues</h2>
<table><thead><tr><th scope="col">Queue</th><th scope="col">Waiting</th><th scope="col">Running</th><th scope="col">Workers</th><th scope="col">Capacity</th><th scope="col">Succeeded</th><th scope="col">Failed</th></tr></thead><tbody>
)html";
  for (QueueIndex i = 0; i < service.queues().size(); ++i) {
    const auto& queue = service.queues()[i];
    const QueueFigures figures = service.Figures(i);
    html += "<tr><th scope=\"row\">";
    AppendText(html, queue.options.name);
    fmt::format_to(std::back_inserter(html),
                   "</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                   figures.waiting, figures.running, queue.options.workers, figures.capacity,
                   figures.succeeded, figures.failed + figures.expired);
  }
  html += "</tbody></table>\n</section>\n";
}

}  // namespace

Answer PageAnswer(const JobService& service, bool open) {
  const std::string nonce = RandomHex(32);
  Answer answer;
  answer.Add("Content-Type", "text/html; charset=utf-8");
  answer.Add("Cache-Control", "no-store");
  answer.Add("X-Content-Type-Options", "nosniff");
  answer.compressible = true;
  answer.Add("Referrer-Policy", "no-referrer");
  answer.Add("Content-Security-Policy",
             fmt::format("default-src 'none'; style-src 'nonce-{}'; form-action 'self'; "
                         "base-uri 'none'; frame-ancestors 'none'",
                         nonce));
  std::string& html = answer.text;
  html += R"html(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>headrace</title><style nonce=")html";
  html.append(nonce).append("\">").append(kStyle);
  html +=
      "</style></head><body><main>\n<h1>headrace</h1>\n"
      "<p>A bounded queue in front of CPU-heavy work.</p>\n";
  if (open) {
    AppendForm(html, service);
    AppendQueues(html, service);
    html +=
        "<footer>Reload for new figures, or ask <a href=\"/v1/queues\">/v1/queues</a> for JSON."
        "</footer>\n";
  } else {
    html += kNeedsKey;
  }
  html += "</main></body></html>\n";
  return answer;
}

}  // namespace headrace
