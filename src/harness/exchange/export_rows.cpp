#include "harness/exchange/export_rows.hpp"

#include <ATen/ATen.h>

#include "data/npz.hpp"
#include "spurion/error.hpp"
#include "spurion/version.hpp"

namespace spurion::harness {

namespace {

data::Array array_of(const Tensor& tensor) {
  const Tensor dense = tensor.contiguous();
  data::Array array;
  array.type =
      dense.scalar_type() == at::kLong ? data::ElementType::int64 : data::ElementType::float32;
  SPURION_CHECK(dense.scalar_type() == at::kLong || dense.scalar_type() == at::kFloat,
                "rows are float32 or int64");
  array.shape = dense.sizes().vec();
  array.bytes.assign(static_cast<const char*>(dense.data_ptr()),
                     static_cast<std::size_t>(dense.numel()) * dense.element_size());
  return array;
}

data::Array joined(const std::vector<Sample>& samples, Tensor Sample::*member) {
  std::vector<Tensor> each;
  for (const Sample& sample : samples) each.push_back(sample.*member);
  return array_of(at::cat(each));
}

}  // namespace

void export_rows(const RowSet& set, const Environment& environment,
                 const std::filesystem::path& file, bool compress) {
  const RowSetSample rows = sample_rows(set, environment);
  std::vector<std::pair<std::string, data::Array>> arrays = {
      {"x", joined(rows.factual, &Sample::x)}, {"y", joined(rows.factual, &Sample::y)}};
  if (environment.info().groups > 0) {
    arrays.emplace_back("group", joined(rows.factual, &Sample::group));
  }
  arrays.emplace_back("causal", joined(rows.factual, &Sample::causal));
  arrays.emplace_back("spurious", joined(rows.factual, &Sample::spurious));
  if (!rows.twins.empty()) arrays.emplace_back("twin", joined(rows.twins, &Sample::x));
  std::vector<std::int64_t> part_of;
  for (std::size_t i = 0; i < set.parts.size(); ++i) {
    part_of.insert(part_of.end(), static_cast<std::size_t>(set.parts[i].rows.count),
                   static_cast<std::int64_t>(i));
  }
  arrays.emplace_back("domain", data::Array::of(part_of, {set.count()}));
  Value about = set.to_value();
  about.as_table()["spurion"] = version();
  about.as_table()["fingerprint"] = fingerprint(rows);
  about.as_table()["twin"] = rows.twin.text();
  arrays.emplace_back("metadata", data::Array::of_text(about.canonical_json()));
  data::write_npz(file, arrays, compress ? data::Compression::deflate : data::Compression::store);
}

}  // namespace spurion::harness
