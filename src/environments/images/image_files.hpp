#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spurion/tensor.hpp"

namespace spurion::environments {

/// Which dimension of pictures [N, a, b, c] holds the channels.
enum class Layout { automatic, channels_first, channels_last };

/// Pictures of a file.
struct ImageFile {
  Tensor x;             ///< [N, channels, rows, columns], uint8 (255 stands for 1) or float32
  std::string read_as;  ///< how its dimensions were taken, "[480, 28, 28, 3] with channels last"
};

/// Reads an IDX file of bytes or an NPY file of numbers: bytes stay bytes, other numbers become
/// float32. `layout` is for NPY files of four dimensions: automatic takes the one that can be told
/// from the shape, one of 1, 3 or 4 channels. Throws `DataError`: another shape, one that may be
/// read in two ways, numbers that are not finite, or whole numbers that float32 does not hold.
ImageFile read_images(const std::string& name, Layout layout);

/// One finite number for each of `count` images: IDX labels or NPY [N] or [N, 1]. `images` is how
/// errors call the file of the images.
std::vector<double> read_image_values(const std::string& name, std::int64_t count,
                                      const std::string& images);

}  // namespace spurion::environments
