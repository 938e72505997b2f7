# The built-in environments. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_ENVIRONMENTS
  coloured_images
  linear_unit_tests
  two_bit
  chain_sem
  two_shortcuts
  continually_confounded
  textured_shapes
  anti_causal
  confounded
  selection_bias
  easy_to_hard
  control_no_shift
  control_no_cue
  control_causal_cue
  control_unlearnable
)
