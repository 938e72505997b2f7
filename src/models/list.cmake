# The built-in models. To add one: a file NAME.cpp that ends with register_NAME, and its name here.
set(SPURION_MODELS
  cnn
  linear
  linear_representation
  mlp
  random_features
  gru
  causal_transformer
)
