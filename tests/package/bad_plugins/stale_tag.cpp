// A plug-in made with another LibTorch: same layout of the entry point, another build tag. Written
// out by hand, because what was built long ago does not change with today's headers.
struct Info {
  int api_version;
  const char* build_tag;
  const char* name;
  const char* version;
  void (*add)(void*);
};

extern "C" __attribute__((visibility("default"))) const Info* spurion_plugin_info();
const Info* spurion_plugin_info() {
  // Had it been called, C++ would have crossed the border.
  static const Info info{7, "spurion 0.0.1, LibTorch 1.0.0, g++ ABI 1002, cxx11 0", "stale", "1.0",
                         [](void*) { __builtin_trap(); }};
  return &info;
}
