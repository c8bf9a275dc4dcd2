#include "abi.h"

#include "session.h"

uint32_t weir_abi_version() { return weir::kAbiVersion; }

weir::Session* weir_begin(const uint8_t* arguments, uint32_t size) {
  return new weir::Session(weir::prepare({arguments, size}));
}

uint32_t weir_resume(weir::Session* session, const uint8_t* reply, uint32_t size) {
  session->resume({reply, size});
  return static_cast<uint32_t>(session->message().size());
}

const uint8_t* weir_message(const weir::Session* session) { return session->message().data(); }

void weir_end(weir::Session* session) { delete session; }
