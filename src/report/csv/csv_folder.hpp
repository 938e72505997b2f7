#pragma once

#include <filesystem>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "report/whole_file.hpp"

namespace spurion::report {

/// What a column of a file means.
struct ColumnDoc {
  std::string name;
  std::string meaning;
  std::string unit = {};
  std::string range = {};
};

/// The folder of a report's files: says in dictionary.csv what each column means, and removes what
/// an earlier report wrote there and this one does not. Other files in it stay.
class CsvFolder {
 public:
  /// `files`: what the files are written with.
  CsvFolder(std::filesystem::path folder, WholeFiles& files);

  /// Begins NAME.csv; `meaning`: of the file.
  std::ostream& begin(const std::string& name, const std::string& meaning,
                      const std::vector<ColumnDoc>& columns);
  /// A file of another kind, with the ending in its name.
  void add(const std::string& file_name, const std::string& bytes);
  /// Writes the dictionary; nothing is begun after it.
  void finish();
  /// Once all are in their places: removes what is of an earlier report.
  void remove_earlier();

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const std::vector<std::filesystem::path>& csv() const { return csv_; }

 private:
  void note(const std::string& file_name);

  std::filesystem::path folder_;
  WholeFiles& files_;
  std::string dictionary_;
  std::vector<std::filesystem::path> csv_;
  std::set<std::string> names_;    ///< of this report
  std::set<std::string> earlier_;  ///< of an earlier one, as far as they are still there
};

}  // namespace spurion::report
