/* cheat: another ABI number in the object than at load. must: gate */
#define sk_entry_abi own_abi
#define OWN_RUN
#include "../challenge/baseline.c"
#undef sk_entry_abi
extern const uint32_t sk_entry_abi;
const uint32_t sk_entry_abi = SK_ABI + 1;

int sk_entry_run(const sk_env *env, const sk_call *call) {
  (void)env;
  return honest(call);
}
