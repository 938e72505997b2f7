#include <utility>

#include "builtin_image_sources.hpp"
#include "spurion/image_source.hpp"

namespace spurion {

ImageSources builtin_image_sources() {
  ImageSources sources;
  sources.set_origin(EntryInfo::kBuiltin);
  image_sources::add_builtins(sources);
  sources.set_origin(EntryInfo::kProgram);
  return sources;
}

DataSources::DataSources(std::filesystem::path directory)
    : DataSources(builtin_image_sources(), std::move(directory)) {}

}  // namespace spurion
