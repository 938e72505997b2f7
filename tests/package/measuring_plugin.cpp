// A plug-in with a metric and an image source of its own: each is declared here and nowhere else.
#include "spurion/plugin.hpp"

namespace {

struct NoOptions {};
const spurion::Schema<NoOptions>& no_schema() {
  static const spurion::Schema<NoOptions> schema;
  return schema;
}

/// How sure a model is: the mean size of its logits, and the share of rows where it is above 1.
class Sureness final : public spurion::Metric {
 public:
  using Options = NoOptions;
  static const spurion::Schema<Options>& schema() { return no_schema(); }
  Sureness(const Options& /*options*/, const spurion::MetricContext& context)
      : size_(at::zeros({context.replicas}, at::kDouble)), sure_(size_.clone()) {}

  [[nodiscard]] std::vector<spurion::MetricInfo> columns() const override {
    return {{"logit_size",
             "size of the logits",
             "mean of the absolute logit",
             "logits",
             {0.0, 1000.0},
             spurion::Better::neither},
            {"sure_share",
             "share of sure rows",
             "share of rows whose logit is above 1 in size",
             "share of rows",
             {0.0, 1.0},
             spurion::Better::high,
             true,
             true}};
  }
  [[nodiscard]] bool applies(const spurion::MetricContext& context) const override {
    return context.task == spurion::Task::binary;
  }
  void add(const spurion::Predictions& chunk) override {
    const spurion::Tensor size = chunk.logits.abs().to(at::kDouble).squeeze(2);  // [K, B]
    size_ += size.sum(1);
    sure_ += size.gt(1.0).to(at::kDouble).sum(1);
    rows_ += static_cast<double>(size.size(1));
  }
  void merge(const spurion::Metric& other) override {
    const auto& same = dynamic_cast<const Sureness&>(other);
    size_ += same.size_;
    sure_ += same.sure_;
    rows_ += same.rows_;
  }
  [[nodiscard]] std::vector<std::pair<std::string, spurion::Tensor>> result() const override {
    if (rows_ == 0) return {};
    return {{"logit_size", size_ / rows_}, {"sure_share", sure_ / rows_}};
  }

 private:
  spurion::Tensor size_;
  spurion::Tensor sure_;
  double rows_ = 0;
};

/// Stripes: image i has class i mod 10 and as many white rows.
class Stripes final : public spurion::ImageSource {
 public:
  using Options = NoOptions;
  static const spurion::Schema<Options>& schema() { return no_schema(); }
  explicit Stripes(const Options& /*options*/) {
    info_.title = "Stripes";
    info_.training_images = 6000;
    info_.test_images = 1000;
  }
  [[nodiscard]] const spurion::ImageSourceInfo& info() const override { return info_; }
  [[nodiscard]] spurion::ImagePool load(const std::filesystem::path& /*folder*/,
                                        bool training_file) const override {
    spurion::ImagePool pool;
    pool.count = training_file ? info_.training_images : info_.test_images;
    const std::int64_t pixels = info_.rows * info_.columns;
    pool.pixels.assign(static_cast<std::size_t>(pool.count * pixels), 0);
    for (std::int64_t i = 0; i < pool.count; ++i) {
      pool.labels.push_back(static_cast<std::uint8_t>(i % info_.classes));
      const std::int64_t white = (i % info_.classes + 1) * info_.columns;
      for (std::int64_t p = 0; p < white; ++p) {
        pool.pixels[static_cast<std::size_t>(i * pixels + p)] = 255;
      }
    }
    return pool;
  }

 private:
  spurion::ImageSourceInfo info_;
};

void add(spurion::Catalog& catalog) {
  catalog.metrics.add<Sureness>("sureness", "How sure a model is.", "none");
  catalog.image_sources.add<Stripes>("stripes", "White stripes, 10 classes.", "none");
}

}  // namespace

SPURION_PLUGIN(measuring, "1.0", add)
