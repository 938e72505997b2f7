# The built-in metrics. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_METRICS
  accuracy
  loss
  worst_group
  flip_rate
  calibration
)
