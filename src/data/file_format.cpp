#include "data/file_format.hpp"

#include <fstream>
#include <string>

#include "data/file_bytes.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"

namespace spurion::data {

FileFormat file_format(const std::filesystem::path& file) {
  require_regular(file, "a CSV, NPY, NPZ or IDX file");
  std::string start(8, '\0');
  std::ifstream input(file, std::ios::binary);
  input.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(input.gcount()));
  if (is_npy(start)) return FileFormat::npy;
  if (is_zip(start)) return FileFormat::npz;
  if (file.extension() == ".npy") return FileFormat::npy;
  if (file.extension() == ".npz") return FileFormat::npz;
  return FileFormat::other;
}

}  // namespace spurion::data
