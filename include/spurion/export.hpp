#pragma once

/// \file
/// Symbol visibility. Everything a user may call carries `SPURION_API`; the rest stays hidden.

#if defined(SPURION_STATIC)
#define SPURION_API
#else
/// Marks what a shared libspurion exports.
#define SPURION_API __attribute__((visibility("default")))
#endif
