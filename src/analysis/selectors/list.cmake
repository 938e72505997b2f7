# The built-in selectors. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_SELECTORS
  training_domain
  training_worst_group
  lowest_probe
  accuracy_minus_probe
  leave_one_domain_out
  oracle
)
