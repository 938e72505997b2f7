# The built-in probes. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_PROBES
  input_gradient
  gradient_times_input
  integrated_gradients
  smooth_grad
  occlusion
  linear_probe
  concept_direction
  activation_patching
  group_influence
  reading_disagreement
  logit_lens
)
