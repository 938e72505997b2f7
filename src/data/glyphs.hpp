#pragma once

#include <cstdint>

#include "spurion/export.hpp"
#include "spurion/image_source.hpp"

/// \file
/// Drawn digits: 28 x 28 greyscale images that look like MNIST's and need no download. Each digit
/// is a few pen strokes, bent, sheared, turned and scaled at random, drawn anti-aliased with a pen
/// of random width.

namespace spurion::data {

/// The first `count` glyphs of one of the two "files". Glyph i and its class are a pure function of
/// (file, i): no seed enters, as none enters the files of the other sources.
SPURION_API ImagePool draw_glyphs(bool training_file, std::int64_t count);

}  // namespace spurion::data
