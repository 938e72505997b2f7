#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/npy.hpp"

/// \file
/// NPZ, NumPy's file of named arrays: a zip archive of NPY files, stored or deflated.

namespace spurion::data {

/// True when the bytes start as a zip archive does.
SPURION_API bool is_zip(std::string_view bytes);

/// What an archive says of one array before it is unpacked.
struct NpzEntry {
  std::string name;
  NpyHeader header;
  std::uint64_t index = 0;  ///< in the archive
};

/// An NPZ file of which arrays are unpacked as they are asked for.
class SPURION_API NpzFile {
 public:
  /// Reads what the archive and the header of each array say. Throws `DataError`, which names the
  /// file and the array: no zip archive, two arrays of one name, an entry that is no NPY file,
  /// encrypted, packed by another method, or said to unpack to more than its bytes can hold.
  explicit NpzFile(std::filesystem::path file);
  ~NpzFile();
  NpzFile(const NpzFile&) = delete;
  NpzFile& operator=(const NpzFile&) = delete;

  [[nodiscard]] const std::vector<NpzEntry>& entries() const { return entries_; }  ///< by name
  /// Null when there is none of this name.
  [[nodiscard]] const NpzEntry* find(const std::string& name) const;
  /// Throws `DataError`: damaged, or more than the memory that is free.
  [[nodiscard]] Array read(const NpzEntry& entry) const;
  /// "'x.npz', array 'y'".
  [[nodiscard]] std::string place(const NpzEntry& entry) const;

 private:
  struct Archive;
  std::filesystem::path file_;
  std::unique_ptr<Archive> archive_;
  std::vector<NpzEntry> entries_;
};

/// All arrays by name. Throws as `NpzFile`; memory is held against what is free before anything is
/// unpacked.
SPURION_API std::map<std::string, Array> read_npz(const std::filesystem::path& file);

enum class Compression { store, deflate };

/// Writes them in this order, whole or not at all; equal arrays give equal bytes. Throws
/// `StoreError` when the file cannot be written.
SPURION_API void write_npz(const std::filesystem::path& file,
                           const std::vector<std::pair<std::string, Array>>& arrays,
                           Compression compression);

}  // namespace spurion::data
