#include "cli/pdf_maker.hpp"

#include "spurion/error.hpp"

#if defined(SPURION_STATIC)
#include "cli/figures/pdf.hpp"
#else
#include <dlfcn.h>
#include <fmt/format.h>

#include "cli/library_beside.hpp"
#endif

namespace spurion::cli {

std::function<std::string(const std::string&)> load_pdf_maker() {
#if defined(SPURION_STATIC)
  return pdf_of_svg;
#else
  // Never closed: libraries of GLib cannot be.
  void* handle = dlopen(library_beside(SPURION_FIGURES_LIBRARY).c_str(), RTLD_LAZY | RTLD_LOCAL);
  using Make = void (*)(const std::string&, std::string&);
  const auto make =
      handle == nullptr ? nullptr : reinterpret_cast<Make>(dlsym(handle, "spurion_pdf_of_svg"));
  if (make == nullptr) {
    throw ResourceError(fmt::format(
        "PDFs need librsvg, and the library that uses it cannot be loaded: {}; the SVG files need "
        "nothing",
        dlerror()));
  }
  return [make](const std::string& svg) {
    std::string pdf;
    make(svg, pdf);
    return pdf;
  };
#endif
}

}  // namespace spurion::cli
