# The built-in regimes. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_REGIMES
  offline
  continual
  online
  joint_retraining
  online_bandit
  online_active
  test_time
  dagger
  graph_intervention
  teaching
  policy_gradient
  offline_then_online
  continual_acting
  iterated_selection
)
