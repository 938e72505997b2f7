#pragma once

/// \file
/// Everything, for applications. The library itself includes single headers.

#include "spurion/access.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/error.hpp"
#include "spurion/image_source.hpp"
#include "spurion/losses.hpp"
#include "spurion/method.hpp"
#include "spurion/metric.hpp"
#include "spurion/model.hpp"
#include "spurion/optimizer.hpp"
#include "spurion/plugin.hpp"
#include "spurion/random.hpp"
#include "spurion/regime.hpp"
#include "spurion/registry.hpp"
#include "spurion/replicas.hpp"
#include "spurion/report.hpp"
#include "spurion/run.hpp"
#include "spurion/schema.hpp"
#include "spurion/store.hpp"
#include "spurion/suite.hpp"
#include "spurion/tensor.hpp"
#include "spurion/trial.hpp"
#include "spurion/value.hpp"
#include "spurion/version.hpp"
