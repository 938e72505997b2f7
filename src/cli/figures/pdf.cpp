// By librsvg, which draws what the SVG says, with cairo's PDF surface: lines stay lines and text
// stays text, with its font embedded.
#include "cli/figures/pdf.hpp"

#include <cairo-pdf.h>
#include <librsvg/rsvg.h>

#include <memory>

#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

/// A PDF counts 72 points where SVG counts 96 pixels.
constexpr double kPointsOfPixel = 0.75;

struct Unref {
  void operator()(RsvgHandle* handle) const { g_object_unref(handle); }
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

cairo_status_t append(void* to, const unsigned char* bytes, unsigned int count) {
  static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

[[noreturn]] void refuse(const std::string& problem) {
  throw LogicError("a chart cannot be drawn as PDF: " + problem);
}

/// The message of a failure of librsvg, which is freed.
std::string text_of(GError* error) {
  std::string text = error == nullptr ? "no reason given" : error->message;
  g_clear_error(&error);
  return text;
}

}  // namespace

std::string pdf_of_svg(const std::string& svg) {
  GError* error = nullptr;
  const std::unique_ptr<RsvgHandle, Unref> handle(rsvg_handle_new_from_data(
      reinterpret_cast<const guint8*>(svg.data()), static_cast<gsize>(svg.size()), &error));
  if (!handle) refuse(text_of(error));
  double width = 0.0;
  double height = 0.0;
  if (rsvg_handle_get_intrinsic_size_in_pixels(handle.get(), &width, &height) == FALSE) {
    refuse("it has no size");
  }
  width *= kPointsOfPixel;
  height *= kPointsOfPixel;
  std::string pdf;
  {
    const std::unique_ptr<cairo_surface_t, Unref> surface(
        cairo_pdf_surface_create_for_stream(append, &pdf, width, height));
    // The same chart gives the same bytes at any time.
    cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, nullptr);
    const std::unique_ptr<cairo_t, Unref> context(cairo_create(surface.get()));
    const RsvgRectangle page{0.0, 0.0, width, height};
    if (rsvg_handle_render_document(handle.get(), context.get(), &page, &error) == FALSE) {
      refuse(text_of(error));
    }
    cairo_surface_finish(surface.get());
    const cairo_status_t status = cairo_surface_status(surface.get());
    if (status != CAIRO_STATUS_SUCCESS) refuse(cairo_status_to_string(status));
  }
  return pdf;
}

}  // namespace spurion::cli

/// Found by its name in the library that is loaded.
extern "C" SPURION_API void spurion_pdf_of_svg(const std::string& svg, std::string& pdf);
extern "C" SPURION_API void spurion_pdf_of_svg(const std::string& svg, std::string& pdf) {
  pdf = spurion::cli::pdf_of_svg(svg);
}
