// Charts as files of their own.
#include "catch.hpp"
#include "cli/shell.hpp"

using namespace spurion::tests;
using Catch::Contains;

namespace {

/// The files of a report's folder with this ending, by name without it.
std::map<std::string, std::string> files_with(const std::filesystem::path& folder,
                                              const std::string& ending) {
  std::map<std::string, std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ending) continue;
    files[file.path().stem().string()] = read_file(file.path());
  }
  return files;
}

}  // namespace

TEST_CASE("every chart of a report is there as SVG, and as PDF where that is asked for") {
  Shell shell;
  shell.write("toy.toml", toy_suite(2, 1));
  REQUIRE(shell.run({"run", "toy.toml", "--out", "store", "--quiet"}).code == 0);
  REQUIRE(shell.run({"report", "store", "--pdf"}).code == 0);
  const auto svgs = files_with(shell.path("store/csv"), ".svg");
  const auto pdfs = files_with(shell.path("store/csv"), ".pdf");
  const std::string page = read_file(shell.path("store/report.html"));
  REQUIRE_FALSE(svgs.empty());
  CHECK(pdfs.size() == svgs.size());
  for (const auto& [name, pdf] : pdfs) {
    CAPTURE(name);
    CHECK(svgs.count(name) == 1);
    CHECK(pdf.compare(0, 5, "%PDF-") == 0);
    CHECK(pdf.size() > 2000);  // its font is in it
    CHECK(pdf.find("/CreationDate") == std::string::npos);
    CHECK_THAT(page, Contains("<a href=\"csv/" + name + ".svg\">SVG</a>") &&
                         Contains("<a href=\"csv/" + name + ".pdf\">PDF</a>"));
  }
  CHECK(shell.run({"report", "store", "--to", "again", "--pdf"}).code == 0);
  CHECK(files_with(shell.path("again/csv"), ".pdf") == pdfs);
  // A report without them removes those of an earlier one.
  CHECK(shell.run({"report", "store"}).code == 0);
  CHECK(files_with(shell.path("store/csv"), ".pdf").empty());
  CHECK(files_with(shell.path("store/csv"), ".svg") == svgs);
  CHECK(read_file(shell.path("store/report.html")).find(".pdf") == std::string::npos);
  CHECK(shell.run({"report", "store", "--text", "--pdf"}).code == 2);
}
