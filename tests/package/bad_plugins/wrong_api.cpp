// A plug-in of a later interface: nothing behind the version may be looked at.
struct Info {
  int api_version;
  const char* build_tag;
};

extern "C" __attribute__((visibility("default"))) const Info* spurion_plugin_info();
const Info* spurion_plugin_info() {
  static const Info info{999, nullptr};
  return &info;
}
