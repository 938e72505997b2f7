#include "report/csv/csv_folder.hpp"

#include <fstream>
#include <system_error>
#include <utility>

#include "report/csv/csv_text.hpp"

namespace spurion::report {

namespace {

/// Names of the files that a report wrote into the folder, one a line.
constexpr const char* kList = ".files_of_the_report";

/// What an earlier report wrote. Lines that name no file of the folder itself are passed over.
std::set<std::string> listed_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  std::error_code unreadable;
  if (!std::filesystem::is_regular_file(folder / kList, unreadable)) return names;
  std::ifstream list(folder / kList);
  for (std::string name; std::getline(list, name);) {
    const bool inside = !name.empty() && name.front() != '.' &&
                        name.find('/') == std::string::npos && name.find('\\') == std::string::npos;
    std::error_code ignored;
    if (inside && std::filesystem::is_regular_file(folder / name, ignored)) names.insert(name);
  }
  return names;
}

std::string lines_of(const std::set<std::string>& names, const std::set<std::string>& more = {}) {
  std::string text;
  for (const auto* set : {&names, &more}) {
    for (const std::string& name : *set) text += name + '\n';
  }
  return text;
}

}  // namespace

CsvFolder::CsvFolder(std::filesystem::path folder, WholeFiles& files)
    : folder_(std::move(folder)), files_(files), earlier_(listed_in(folder_)) {
  files_.make_folder(folder_);
  dictionary_ = csv_record({"file", "column", "meaning", "unit", "range"});
}

void CsvFolder::note(const std::string& file_name) {
  names_.insert(file_name);
  earlier_.erase(file_name);
}

std::ostream& CsvFolder::begin(const std::string& name, const std::string& meaning,
                               const std::vector<ColumnDoc>& columns) {
  const std::string file_name = name + ".csv";
  note(file_name);
  csv_.push_back(folder_ / file_name);
  dictionary_ += csv_record({file_name, "", meaning, "", ""});
  for (const ColumnDoc& column : columns) {
    dictionary_ += csv_record({file_name, column.name, column.meaning, column.unit, column.range});
  }
  return files_.begin(csv_.back());
}

void CsvFolder::add(const std::string& file_name, const std::string& bytes) {
  note(file_name);
  files_.add(folder_ / file_name, bytes);
}

void CsvFolder::finish() {
  csv_.push_back(folder_ / "dictionary.csv");
  add("dictionary.csv", dictionary_);
  // What is to be removed stays in the list until it is gone.
  files_.add(folder_ / kList, lines_of(names_, earlier_));
}

void CsvFolder::remove_earlier() {
  if (earlier_.empty()) return;
  for (const std::string& name : earlier_) {
    std::error_code ignored;
    std::filesystem::remove(folder_ / name, ignored);
  }
  write_whole_file(folder_ / kList, lines_of(names_));
}

}  // namespace spurion::report
