# The built-in kinds of questions. To add one: a file NAME.cpp that ends with register_NAME, and its name
# here.
set(SPURION_QUESTIONS
  gap_against_scale
  gap_grid
  compare_methods
  leaderboard
  scaling_law
  compare_regimes
  streams
  published
  trend
  selection
  adaptation
  compare_policies
  authenticity
  goodhart
)
