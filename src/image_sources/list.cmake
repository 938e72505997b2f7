# The built-in image sources. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_IMAGE_SOURCES
  fashion_mnist
  mnist
  glyphs
)
