# The built-in methods. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_METHODS
  erm
  irm_v1
  v_rex
  group_dro
  iga
  and_mask
  reweighted_erm
  subsampled_erm
)
