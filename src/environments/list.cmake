# The built-in environments. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_ENVIRONMENTS
  coloured_images
  linear_unit_tests
  two_bit
  chain_sem
  two_shortcuts
  continually_confounded
  textured_shapes
  cue_images
  rotated_images
  blurred_images
  cue_conflict_images
)
