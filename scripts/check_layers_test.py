#!/usr/bin/env python3
"""check_layers finds each kind of violation, and nothing in a tree that keeps the rules."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).with_name("check_layers")


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def run_on(self, path, text):
        """The script's exit code and output for a tree with this one file."""
        file = pathlib.Path(self.dir.name, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, SCRIPT, self.dir.name], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def assert_refused(self, path, text, reason):
        code, output = self.run_on(path, text)
        self.assertEqual(code, 1, output)
        self.assertIn(reason, output)

    def assert_accepted(self, path, text):
        code, output = self.run_on(path, text)
        self.assertEqual(code, 0, output)

    def test_an_include_of_a_lower_folder_passes(self):
        self.assert_accepted("src/app/app.cc", '#include "http/server.h"\n#include "headrace/job.h"\n')

    def test_an_include_of_the_own_folder_passes(self):
        self.assert_accepted("src/handler/pdf/a.cc", '#include "handler/runner.h"\n')

    def test_an_include_of_a_higher_folder_fails_with_file_and_line(self):
        self.assert_refused("src/base/fd.cc", '#pragma once\n#include "http/server.h"\n',
                            "src/base/fd.cc:2: base must not include http")

    def test_an_include_of_a_sibling_fails(self):
        self.assert_refused("src/engine/a.cc", '#include "handler/runner.h"\n', "engine must not include handler")
        self.assert_refused("src/queue/a.cc", '#include "net/http_client.h"\n', "queue must not include net")
        self.assert_refused("src/worker/a.cc", '#include "service/job_service.h"\n',
                            "worker must not include service")

    def test_the_folders_of_a_large_one_keep_an_order_as_well(self):
        self.assert_accepted("src/http/edge/a.cc", '#include "http/message/uri.h"\n')
        self.assert_accepted("src/http/a.cc", '#include "http/jobs/job_site.h"\n')
        self.assert_refused("src/http/message/a.cc", '#include "http/edge/wire.h"\n',
                            "http/message must not include http/edge")
        self.assert_refused("src/handler/frames/a.cc", '#include "handler/runner.h"\n',
                            "handler/frames must not include handler ")
        self.assert_refused("src/handler/command/a.cc", '#include "handler/pool/zygote.h"\n',
                            "handler/command must not include handler/pool")

    def test_the_public_headers_include_only_themselves(self):
        self.assert_refused("include/headrace/a.h", '#include "base/fd.h"\n', "headrace must not include base")
        self.assert_refused("include/headrace/a.h", "#include <spdlog/spdlog.h>\n", "name no library")

    def test_a_library_outside_of_its_folder_fails(self):
        self.assert_refused("src/service/a.cc", "#include <pistache/http.h>\n", "belongs to src/http/edge alone")
        self.assert_refused("src/handler/a.cc", "#include <fpdfview.h>\n", "belongs to src/handler/pdf alone")
        self.assert_refused("src/app/a.cc", "#include <yaml-cpp/yaml.h>\n", "belongs to src/config alone")
        self.assert_refused("src/http/a.cc", "#include <prometheus/registry.h>\n", "belongs to src/metrics alone")
        self.assert_refused("src/handler/upstream/a.cc", "#include <curl/curl.h>\n", "belongs to src/net alone")
        self.assert_refused("src/base/a.cc", "#include <nlohmann/json.hpp>\n", "belongs to src/base/json alone")
        self.assert_refused("src/service/a.cc", "#include <libdeflate.h>\n",
                            "belongs to src/http/message and src/handler/pdf alone")

    def test_a_library_of_two_folders_passes_in_both(self):
        self.assert_accepted("src/http/message/a.cc", "#include <libdeflate.h>\n")
        self.assert_accepted("src/handler/pdf/a.cc", "#include <libdeflate.h>\n")

    def test_a_library_in_its_folder_passes(self):
        self.assert_accepted("src/handler/pdf/a.cc", "#include <fpdfview.h>\n#include <fmt/format.h>\n")
        self.assert_accepted("src/base/json.cc", "#include <nlohmann/json.hpp>\n")

    def test_a_folder_without_a_place_in_the_order_fails(self):
        self.assert_refused("src/common/a.cc", "", "has no place in the order")
        self.assert_refused("src/http/common/a.cc", "", "http/common has no place in the order")

    def test_a_file_of_more_than_400_lines_fails(self):
        self.assert_accepted("src/base/a.cc", "\n" * 400)
        self.assert_refused("tests/unit/a.cc", "\n" * 401, "401 lines")


if __name__ == "__main__":
    unittest.main(verbosity=0)
