#include "harness/run/provenance_maker.hpp"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <torch/version.h>

#include <algorithm>
#include <dnnl.hpp>
#include <filesystem>
#include <utility>

#include "catalog/image_source_of.hpp"
#include "core/blake2b.hpp"
#include "engine/matrix/simd.hpp"
#include "harness/data/data_fingerprint.hpp"
#include "harness/run/device.hpp"
#include "spurion/error.hpp"
#include "spurion/version.hpp"

namespace spurion::harness {

namespace {

struct Module {
  std::string file;
  const void* base = nullptr;
};

/// The library or program that holds an address.
Module module_of(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0) return {};
  Dl_info program{};
  const auto entry = reinterpret_cast<const void*>(getauxval(AT_ENTRY));
  const bool is_program = dladdr(entry, &program) != 0 && program.dli_fbase == info.dli_fbase;
  return {is_program ? "/proc/self/exe" : info.dli_fname, info.dli_fbase};
}

/// "OpenBLAS 0.3.21", or "libblas.so.3": what does the matrix products of LibTorch.
std::string blas_name() {
  using Config = char* (*)();
  if (const auto config = reinterpret_cast<Config>(dlsym(RTLD_DEFAULT, "openblas_get_config"))) {
    const std::string text = config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
    return text.substr(0, text.find(' ', text.find(' ') + 1));
  }
  const void* product = dlsym(RTLD_DEFAULT, "sgemm_");
  if (product == nullptr) return "no BLAS";
  std::error_code ignored;
  const std::filesystem::path file = module_of(product).file;
  const auto real = std::filesystem::canonical(file, ignored);
  return (real.empty() ? file : real).filename().string();
}

std::string library_versions() {
  const dnnl_version_t* dnnl = dnnl_version();
  return fmt::format("LibTorch {}, oneDNN {}.{}.{}, {}", TORCH_VERSION, dnnl->major, dnnl->minor,
                     dnnl->patch, blas_name());
}

/// What LibTorch says that it chose: "AVX2".
std::string libtorch_capability() {
  const std::string config = at::show_config();
  const std::string label = "CPU capability usage: ";
  const auto at = config.find(label);
  if (at == std::string::npos) return "unknown";
  const auto start = at + label.size();
  return config.substr(start, config.find('\n', start) - start);
}

/// Of what OpenBLAS has for each processor, what it chose.
std::string blas_core() {
  using Core = char* (*)();
  const auto core = reinterpret_cast<Core>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  const char* name = core == nullptr ? nullptr : core();
  return name == nullptr ? "" : fmt::format(", BLAS for {}", name);
}

/// The C library's functions choose by these.
std::string processor_flags() {
#if defined(__x86_64__)
  std::string flags;
  if (__builtin_cpu_supports("fma")) flags += " fma";
  if (__builtin_cpu_supports("avx2")) flags += " avx2";
  if (__builtin_cpu_supports("avx512f")) flags += " avx512f";
  return flags.empty() ? " sse" : flags;
#elif defined(__aarch64__)
  return " aarch64";
#else
  return " other";
#endif
}

/// The most that oneDNN uses of the processor: "AVX2". Later versions know more names than this one
/// was built with: what they add to a set is told as a number.
std::string dnnl_capability() {
#if defined(__x86_64__)
  const auto used = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const std::pair<dnnl::cpu_isa, const char*> sets[] = {
      {dnnl::cpu_isa::avx512_core_amx, "AVX-512 AMX"},
      {dnnl::cpu_isa::avx512_core_bf16, "AVX-512 BF16"},
      {dnnl::cpu_isa::avx512_core_vnni, "AVX-512 VNNI"},
      {dnnl::cpu_isa::avx512_core, "AVX-512"},
      {dnnl::cpu_isa::avx2_vnni, "AVX2 VNNI"},
      {dnnl::cpu_isa::avx2, "AVX2"},
      {dnnl::cpu_isa::avx, "AVX"},
      {dnnl::cpu_isa::sse41, "SSE4.1"}};
  for (const auto& [set, name] : sets) {
    const auto own = static_cast<unsigned>(set);
    if (used == own) return name;
    if ((used & own) == own) return fmt::format("{} and more ({:x})", name, used & ~own);
  }
#endif
  return "its plain kernels";
}

std::string instruction_sets() {
  return fmt::format("own kernels {} floats wide, LibTorch {}, oneDNN {}{}, C library{}",
                     engine::machine_lanes(), libtorch_capability(), dnnl_capability(), blas_core(),
                     processor_flags());
}

/// Names of the probes that a trial asks for.
std::vector<std::string> probe_names(const TrialSpec& trial) {
  std::vector<std::string> names;
  const Value* probes = trial.evaluation.find("probes");
  if (probes == nullptr || !probes->is_list()) return names;
  for (const Value& probe : probes->as_list()) names.push_back(probe.find("name")->as_string());
  return names;
}

/// Whether two trials ask for the same probes: without a list of names, since every trial of a run
/// is compared.
bool same_probes(const TrialSpec& a, const TrialSpec& b) {
  const Value* own = a.evaluation.find("probes");
  const Value* other = b.evaluation.find("probes");
  return own == nullptr || other == nullptr ? own == other : *own == *other;
}

}  // namespace

ProvenanceMaker::ProvenanceMaker(const Catalog& catalog, std::map<std::string, std::string> data,
                                 Device device)
    : catalog_(&catalog), data_(std::move(data)) {
  base_.version = version();
  base_.code = code_identity();
  base_.libraries = library_versions();
  base_.processor = instruction_sets();
  base_.device = device_kind(device);
  // All metrics measure each trial.
  for (const std::string& name : catalog.metrics.names()) {
    add_file(catalog.metrics, name, base_.plugins);
  }
}

template <class Registry>
void ProvenanceMaker::add_file(const Registry& registry, const std::string& name,
                               std::vector<CodeFile>& files) {
  if (!registry.contains(name)) return;  // "elsewhere", of what was scored
  const auto& entry = registry.at(name);
  const auto note = [&](const CodeFile& file) {
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  };
  if (!entry.code_hash.empty()) return note({entry.info.origin, entry.code_hash});
  const bool built_in = entry.info.origin == "built-in";
  const Module own = module_of(reinterpret_cast<const void*>(&code_identity));
  const Module module = module_of(entry.code);
  if (built_in && module.base == own.base) return;
  std::string& hash = hashes_[module.file];
  if (hash.empty()) hash = core::hex(core::file_digest(module.file));
  note({built_in ? "this program" : entry.info.origin, hash});
}

std::shared_ptr<const Provenance> ProvenanceMaker::of(const TrialSpec& trial) {
  const TrialSpec* last = last_.get();
  if (last != nullptr && last->method.name == trial.method.name && same_probes(*last, trial) &&
      last->model.name == trial.model.name && last->regime.name == trial.regime.name &&
      last->environment.name == trial.environment.name && last->environment.options.is_table() &&
      trial.environment.options.is_table() &&
      &std::as_const(last->environment.options).as_table() ==
          &trial.environment.options.as_table()) {
    return last_made_;  // trials that follow each other mostly share all of it in memory
  }
  last_ = std::make_unique<const TrialSpec>(trial);
  last_made_ = find(trial);
  return last_made_;
}

std::shared_ptr<const Provenance> ProvenanceMaker::find(const TrialSpec& trial) {
  const std::string rows = data_name(trial.environment, *catalog_);
  const std::string source = catalog::image_source_of(trial.environment, *catalog_);
  const auto recorded = data_.find(rows);
  const std::vector<std::string> probes = probe_names(trial);
  const std::string parts = fmt::format(
      "{} {} {} {} {} {} {}", trial.environment.name, trial.model.name, trial.method.name,
      trial.regime.name, source, recorded == data_.end() ? "" : rows, fmt::join(probes, " "));
  auto& known = by_parts_[parts];
  if (known) return known;
  Provenance own = base_;
  add_file(catalog_->environments, trial.environment.name, own.plugins);
  add_file(catalog_->models, trial.model.name, own.plugins);
  add_file(catalog_->methods, trial.method.name, own.plugins);
  add_file(catalog_->regimes, trial.regime.name, own.plugins);
  for (const std::string& probe : probes) {
    add_file(catalog_->probes, probe, own.plugins);
  }
  if (!source.empty()) add_file(catalog_->image_sources, source, own.plugins);
  std::sort(own.plugins.begin(), own.plugins.end(),
            [](const CodeFile& a, const CodeFile& b) { return a.name < b.name; });
  if (recorded != data_.end()) own.data.insert(*recorded);
  auto& shared = by_facts_[own.facts()];
  if (!shared) shared = std::make_shared<const Provenance>(std::move(own));
  known = shared;
  return known;
}

}  // namespace spurion::harness
