#include "engine/conv/cnn_node.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "engine/conv/conv_layer.hpp"
#include "engine/matrix/gemm.hpp"
#include "engine/matrix/matmul_dispatch.hpp"
#include "spurion/error.hpp"

namespace spurion::engine {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

std::vector<ConvLayer> layers_of(const CnnShape& shape) {
  std::vector<ConvLayer> layers;
  ConvLayer next{shape.channels, 0, shape.height, shape.width, 1, shape.groups, true};
  for (std::size_t i = 0; i < shape.widths.size(); ++i) {
    next.out = shape.widths[i];
    next.stride = shape.strides[i];
    layers.push_back(next);
    next = {next.out, 0, next.out_height(), next.out_width(), 1, shape.groups, false};
  }
  return layers;
}

/// As autograd keeps it.
std::vector<std::int64_t> encoded(const CnnShape& shape) {
  std::vector<std::int64_t> numbers = {shape.channels, shape.height, shape.width, shape.groups,
                                       shape.outputs};
  numbers.insert(numbers.end(), shape.widths.begin(), shape.widths.end());
  numbers.insert(numbers.end(), shape.strides.begin(), shape.strides.end());
  return numbers;
}

CnnShape decoded(const std::vector<std::int64_t>& numbers) {
  const auto widths = numbers.begin() + 5;
  const auto strides = widths + (numbers.end() - widths) / 2;
  return {numbers[0], numbers[1], numbers[2], {widths, strides}, {strides, numbers.end()},
          numbers[3], numbers[4]};
}

/// A network with one replica's parameters at a time. Buffers outlive a call: no allocation in a
/// step.
class Worker {
 public:
  /// The buffers of this thread.
  static Worker& of_thread() {
    thread_local Worker worker;
    return worker;
  }

  void prepare(const CnnShape& shape, const float* parameters, bool backward) {
    layers_ = layers_of(shape);
    replicas_.resize(layers_.size());
    starts_.clear();
    std::int64_t start = 0;
    kept_ = 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      replicas_[i].prepare(layers_[i], parameters + start, backward);
      starts_.push_back(start);
      start += layers_[i].parameters();
      kept_ += layers_[i].kept();
    }
  }

  /// Floats that `forward` keeps of sixteen images.
  [[nodiscard]] std::int64_t kept() const { return kept_; }

  /// Features [count, F] of `count` <= 16 images; a null `kept` keeps nothing.
  void forward(const float* images, std::int64_t count, float* kept, float* features) {
    if (kept == nullptr) kept = unkept_.reserve(kept_);
    replicas_.front().take_images(images, count, scratch_);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (i > 0) {
        replicas_[i].take_activations(replicas_[i - 1], kept, scratch_);
        kept += layers_[i - 1].kept();
      }
      replicas_[i].forward(scratch_, kept);
    }
    replicas_.back().pool(kept, count, features);
  }

  /// Adds to the gradient of the convolutional layers.
  void backward(const float* images, std::int64_t count, const float* kept,
                const float* features_gradient, float* gradient) {
    kept += kept_;
    replicas_.back().pool_backward(features_gradient, count, scratch_);
    for (std::size_t i = layers_.size(); i-- > 0;) {
      kept -= layers_[i].kept();
      replicas_[i].activation_backward(kept, gradient + starts_[i], scratch_);
      if (i > 0) {
        replicas_[i].take_activations(replicas_[i - 1], kept - layers_[i - 1].kept(), scratch_);
      } else {
        replicas_[i].take_images(images, count, scratch_);
      }
      replicas_[i].convolution_backward(gradient + starts_[i], scratch_);
    }
  }

  void finish_backward(float* gradient) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      replicas_[i].finish_backward(gradient + starts_[i]);
    }
  }

 private:
  std::vector<ConvLayer> layers_;
  std::vector<ConvReplica> replicas_;
  std::vector<std::int64_t> starts_;  ///< of the layers' parameters
  std::int64_t kept_ = 0;
  ConvScratch scratch_;
  PixelBuffer unkept_;
};

/// Logits [K, B, C] and features [K, B, F]; appends to `kept`, unless it is null, one tensor for
/// each replica's sixteen images.
std::vector<Tensor> run_forward(const CnnShape& shape, const Tensor& parameters, const Tensor& x,
                                variable_list* kept) {
  Worker& worker = Worker::of_thread();
  const std::int64_t replicas = parameters.size(0);
  const std::int64_t rows = x.size(1);
  const std::int64_t width = shape.widths.back();
  const std::int64_t image = shape.channels * shape.height * shape.width;
  Tensor features = at::empty({replicas, rows, width});
  Tensor logits = at::empty({replicas, rows, shape.outputs});
  for (std::int64_t k = 0; k < replicas; ++k) {
    const float* own = parameters.data_ptr<float>() + k * parameters.size(1);
    const float* images = x.data_ptr<float>() + (x.size(0) == 1 ? 0 : k * rows * image);
    float* own_features = features.data_ptr<float>() + k * rows * width;
    float* own_logits = logits.data_ptr<float>() + k * rows * shape.outputs;
    worker.prepare(shape, own, false);
    for (std::int64_t row = 0; row < rows; row += kImages) {
      float* keep = nullptr;
      if (kept != nullptr) {
        kept->push_back(at::empty({worker.kept()}));
        keep = kept->back().data_ptr<float>();
      }
      worker.forward(images + row * image, std::min(kImages, rows - row), keep,
                     own_features + row * width);
    }
    const float* head = own + parameters.size(1) - (width + 1) * shape.outputs;
    product({rows, width, shape.outputs}, {own_features}, {head}, own_logits);
    add_bias(own_logits, head + width * shape.outputs, rows, shape.outputs);
  }
  return {logits, features};
}

/// What a forward pass left for the backward pass.
struct CnnForwardPass {
  Tensor features;     ///< [K, B, F]
  variable_list kept;  ///< of each group of images, what the layers need
};

/// Gradients of what a model gave; of features where some method uses them, else undefined.
struct CnnOutputGradients {
  Tensor logits;
  Tensor features;
};

/// Gradient [K, P] of the parameters.
Tensor run_backward(const CnnShape& shape, const Tensor& parameters, const Tensor& x,
                    const CnnForwardPass& forward, const CnnOutputGradients& of) {
  Worker& worker = Worker::of_thread();
  const std::int64_t replicas = parameters.size(0);
  const std::int64_t rows = x.size(1);
  const std::int64_t width = shape.widths.back();
  const std::int64_t image = shape.channels * shape.height * shape.width;
  Tensor gradient = at::zeros_like(parameters);
  std::vector<float> delta(static_cast<std::size_t>(rows * width));
  std::size_t next = 0;
  for (std::int64_t k = 0; k < replicas; ++k) {
    const std::int64_t head = (k + 1) * parameters.size(1) - (width + 1) * shape.outputs;
    const float* images = x.data_ptr<float>() + (x.size(0) == 1 ? 0 : k * rows * image);
    const float* slope = of.logits.data_ptr<float>() + k * rows * shape.outputs;
    float* own = gradient.data_ptr<float>() + k * parameters.size(1);
    float* head_gradient = gradient.data_ptr<float>() + head;
    product({width, rows, shape.outputs},
            {forward.features.data_ptr<float>() + k * rows * width, true}, {slope}, head_gradient);
    column_sums(slope, rows, shape.outputs, head_gradient + width * shape.outputs);
    product({rows, shape.outputs, width}, {slope}, {parameters.data_ptr<float>() + head, true},
            delta.data());
    if (of.features.defined()) {
      const float* extra = of.features.data_ptr<float>() + k * rows * width;
      for (std::size_t i = 0; i < delta.size(); ++i) delta[i] += extra[i];
    }
    worker.prepare(shape, parameters.data_ptr<float>() + k * parameters.size(1), true);
    for (std::int64_t row = 0; row < rows; row += kImages) {
      worker.backward(images + row * image, std::min(kImages, rows - row),
                      forward.kept[next++].data_ptr<float>(), delta.data() + row * width, own);
    }
    worker.finish_backward(own);
  }
  return gradient;
}

struct CnnNode : torch::autograd::Function<CnnNode> {
  static variable_list forward(AutogradContext* context, const Tensor& parameters, const Tensor& x,
                               const std::vector<std::int64_t>& shape) {
    variable_list saved = {parameters, x, Tensor()};
    std::vector<Tensor> outputs = run_forward(decoded(shape), parameters, x, &saved);
    saved[2] = outputs[1];
    context->save_for_backward(saved);
    context->saved_data["shape"] = shape;
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    SPURION_CHECK(!at::GradMode::is_enabled(),
                  "the fast path has first derivatives only; the method must declare "
                  "needs_second_order()");
    const auto saved = context->get_saved_variables();
    const CnnShape shape = decoded(context->saved_data["shape"].toIntVector());
    const Tensor logits_gradient =
        gradients[0].defined() ? gradients[0].contiguous()
                               : at::zeros({saved[0].size(0), saved[1].size(1), shape.outputs});
    return {run_backward(
                shape, saved[0], saved[1], {saved[2], {saved.begin() + 3, saved.end()}},
                {logits_gradient, gradients[1].defined() ? gradients[1].contiguous() : Tensor()}),
            Tensor(), Tensor()};
  }
};

}  // namespace

std::int64_t CnnShape::parameters() const {
  std::int64_t count = (widths.back() + 1) * outputs;
  for (const ConvLayer& layer : layers_of(*this)) count += layer.parameters();
  return count;
}

Output cnn_forward(const CnnShape& shape, const Tensor& parameters, const Tensor& x) {
  SPURION_CHECK(parameters.is_contiguous() && parameters.size(1) == shape.parameters(),
                "parameters [K, P] of another shape");
  const Tensor images =
      x.reshape({x.size(0), x.size(1), shape.channels, shape.height, shape.width}).contiguous();
  // Evaluation keeps nothing: a whole split may pass at once.
  const auto outputs = at::GradMode::is_enabled() && parameters.requires_grad()
                           ? CnnNode::apply(parameters, images, encoded(shape))
                           : run_forward(shape, parameters, images, nullptr);
  return {outputs[1], outputs[0]};
}

}  // namespace spurion::engine
