#pragma once

#include <c10/core/Device.h>

#include <cstdint>

/// \file
/// A device that only pretends to be one, so that what should run on an accelerator can be tested
/// without any: LibTorch's key for devices of others (PrivateUse1), whose operations all run on the
/// processor. As on an accelerator,
///  - its addresses cannot be read by the host: what does reads no memory and dies;
///  - tensors of it and of the host do not mix in one operation, but for numbers (0-dimensional);
///  - a backward pass runs in a thread of the device's own.
/// Linking fake_device.cpp makes it known.

namespace spurion::test {

inline const c10::Device fake_device(c10::DeviceType::PrivateUse1, 0);

/// Operations it has run so far.
std::int64_t fake_operations();

}  // namespace spurion::test
