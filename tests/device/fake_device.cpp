#include "device/fake_device.hpp"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace spurion::test {

namespace {

using at::Tensor;
using OptionalTensor = decltype(std::declval<c10::IValue>().toOptional<Tensor>());

std::atomic<std::int64_t> operations{0};

/// What is added to an address of the host: not canonical, so that using it is a fault.
constexpr std::uintptr_t kApart = std::uintptr_t{1} << 60;

void* apart(void* host) {
  return host == nullptr ? nullptr
                         : reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(host) + kApart);
}
void* host(void* apart) {
  return apart == nullptr
             ? nullptr
             : reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(apart) - kApart);
}

bool is_fake(const Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == fake_device.type();
}

/// The memory of a storage of the host under its address on the device.
c10::DataPtr moved_apart(const c10::Storage& storage) {
  auto* kept = new c10::Storage(storage);  // owns the memory
  return {apart(const_cast<void*>(storage.data())), kept,
          [](void* context) { delete static_cast<c10::Storage*>(context); }, fake_device};
}

/// A tensor over a storage, laid out as `like`.
Tensor over(const c10::Storage& storage, const Tensor& like, c10::DispatchKey key) {
  Tensor out = at::detail::make_tensor<c10::TensorImpl>(c10::Storage(storage),
                                                        c10::DispatchKeySet(key), like.dtype());
  out.unsafeGetTensorImpl()->set_sizes_and_strides(like.sizes(), like.strides());
  out.unsafeGetTensorImpl()->set_storage_offset(like.storage_offset());
  return out;
}

/// One operation's tensors of the device, and the same memory as the host sees it.
class Views {
 public:
  Tensor of(const Tensor& fake) {
    for (const auto& [known, view] : pairs_) {
      if (known.is_same(fake)) return view;
    }
    const c10::StorageImpl* own = fake.storage().unsafeGetStorageImpl();
    auto found = storages_.find(own);
    if (found == storages_.end()) {
      const c10::Storage& storage = fake.storage();
      const c10::Storage seen(c10::Storage::use_byte_size_t(), storage.nbytes(),
                              c10::DataPtr(host(const_cast<void*>(storage.data())), at::kCPU),
                              c10::GetAllocator(at::kCPU), true);
      found = storages_.emplace(own, Both{storage, seen, seen.data()}).first;
    }
    const Tensor view = over(found->second.host, fake, c10::DispatchKey::CPU);
    pairs_.emplace_back(fake, view);
    return view;
  }

  /// A result of the host's as one of the device: the tensor it is, or memory it shares.
  Tensor back(const Tensor& result) {
    if (!result.defined()) return result;
    for (const auto& [fake, view] : pairs_) {
      if (view.is_same(result)) return fake;
    }
    for (const auto& [own, both] : storages_) {
      if (both.host.unsafeGetStorageImpl() == result.storage().unsafeGetStorageImpl()) {
        return over(both.fake, result, c10::DispatchKey::PrivateUse1);
      }
    }
    const c10::Storage& storage = result.storage();
    return over(c10::Storage(c10::Storage::use_byte_size_t(), storage.nbytes(),
                             moved_apart(storage), nullptr, false),
                result, c10::DispatchKey::PrivateUse1);
  }

  [[nodiscard]] bool any() const { return !pairs_.empty(); }

  /// Takes over what the operation resized.
  void settle() {
    for (auto& [own, both] : storages_) {
      if (both.host.data() == both.before) continue;
      c10::StorageImpl* target = both.fake.unsafeGetStorageImpl();
      target->set_data_ptr(moved_apart(both.host));
      target->set_nbytes(both.host.nbytes());
    }
    for (const auto& [fake, view] : pairs_) {
      if (view.sizes() == fake.sizes() && view.strides() == fake.strides()) continue;
      fake.unsafeGetTensorImpl()->set_sizes_and_strides(view.sizes(), view.strides());
    }
  }

 private:
  struct Both {
    c10::Storage fake;
    c10::Storage host;
    const void* before;  // where the host's memory was
  };
  std::vector<std::pair<Tensor, Tensor>> pairs_;
  std::map<const c10::StorageImpl*, Both> storages_;
};

/// Runs any operation on the host.
void run_on_host(const c10::OperatorHandle& operation, c10::DispatchKeySet /*keys*/,
                 torch::jit::Stack* stack) {
  ++operations;
  const std::string& name = operation.schema().name();
  const std::size_t count = operation.schema().arguments().size();
  const std::size_t first = stack->size() - count;
  Views views;
  bool host_tensors = false;
  bool on_device = false;
  const auto view = [&](const Tensor& tensor) {
    if (is_fake(tensor)) return views.of(tensor);
    host_tensors = host_tensors || (tensor.defined() && tensor.dim() > 0);
    return tensor;
  };
  for (std::size_t i = first; i < stack->size(); ++i) {
    c10::IValue& value = (*stack)[i];
    if (value.isDevice()) {
      on_device = on_device || value.toDevice().type() == fake_device.type();
      value = c10::IValue(c10::Device(c10::kCPU));
    } else if (value.isTensor()) {
      value = view(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<Tensor> all;
      for (const Tensor& one : value.toTensorVector()) all.push_back(view(one));
      value = all;
    } else if (value.isList()) {
      const auto list = value.toList();
      const auto kind = list.elementType();
      if (kind->kind() == c10::TypeKind::OptionalType) {
        c10::List<OptionalTensor> all;
        for (const auto& one : list) {
          const c10::IValue entry = one;
          all.push_back(entry.isNone() ? OptionalTensor() : OptionalTensor(view(entry.toTensor())));
        }
        value = all;
      }
    }
  }
  if (views.any() && host_tensors) {
    throw std::logic_error(name + " mixes tensors of the host and of the device");
  }
  operation.callBoxed(stack);
  views.settle();
  if (!views.any() && !on_device) return;
  const std::size_t results = operation.schema().returns().size();
  for (std::size_t i = stack->size() - results; i < stack->size(); ++i) {
    c10::IValue& value = (*stack)[i];
    if (value.isTensor()) {
      value = views.back(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<Tensor> all;
      for (const Tensor& one : value.toTensorVector()) all.push_back(views.back(one));
      value = all;
    }
  }
}

/// The one operation that goes between devices.
Tensor& copy(Tensor& self, const Tensor& source, bool /*non_blocking*/) {
  ++operations;
  Views views;
  const auto view = [&](const Tensor& tensor) {
    return is_fake(tensor) ? views.of(tensor) : tensor;
  };
  Tensor target = view(self);
  target.copy_(view(source));
  return self;
}

/// One device with one stream, which LibTorch 2.x asks for where gradients add up.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  [[nodiscard]] c10::DeviceType type() const override { return c10::DeviceType::PrivateUse1; }
  [[nodiscard]] c10::Device exchangeDevice(c10::Device /*device*/) const override {
    return getDevice();
  }
  [[nodiscard]] c10::Device getDevice() const override { return {type(), 0}; }
  void setDevice(c10::Device /*device*/) const override {}
  void uncheckedSetDevice(c10::Device /*device*/) const noexcept override {}
  [[nodiscard]] c10::Stream getStream(c10::Device /*device*/) const noexcept override {
    return only_stream();
  }
  [[nodiscard]] c10::Stream getDefaultStream(c10::Device /*device*/) const override {
    return only_stream();
  }
  [[nodiscard]] c10::Stream exchangeStream(c10::Stream /*stream*/) const noexcept override {
    return only_stream();
  }
  [[nodiscard]] c10::DeviceIndex deviceCount() const noexcept override { return 1; }

 private:
  [[nodiscard]] static c10::Stream only_stream() {
    return c10::Stream(c10::Stream::DEFAULT, c10::Device(c10::DeviceType::PrivateUse1, 0));
  }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

}  // namespace

std::int64_t fake_operations() { return operations; }

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
}
TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("copy_", &copy);
  // These would look for kernels of the device's own.
  for (const char* name : {"convolution", "convolution_backward"}) {
    library.impl(name, torch::CppFunction::makeFromBoxedFunction<&run_on_host>());
  }
}

}  // namespace spurion::test
