/* fasteinsum._fasteinsum: what it offers, and how it comes to life. */
#define FASTEINSUM_IMPORTS_NUMPY
#include "binding/numpy_api.h"

#include "binding/cache_methods.h"
#include "binding/config.h"
#include "binding/data_memory.h"
#include "binding/docs.h"
#include "binding/einsum_method.h"
#include "binding/expression.h"
#include "binding/path_method.h"
#include "binding/spell_method.h"
#include "binding/state.h"
#include "binding/switches.h"
#include "binding/threads_methods.h"
#include "binding/windows_docs.h"
#include "binding/windows_methods.h"

/* Functions with keywords have a type of their own, which the table holds as the common one. */
#define KEYWORDS(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    {"einsum", KEYWORDS(method_einsum), EINSUM_DOC},
    {"einsum_path", KEYWORDS(method_einsum_path), EINSUM_PATH_DOC},

    {"sliding_window_view", KEYWORDS(method_sliding_window_view), SLIDING_WINDOW_VIEW_DOC},
    {"windows", KEYWORDS(method_windows), WINDOWS_DOC},
    {"output_shape", KEYWORDS(method_output_shape), OUTPUT_SHAPE_DOC},
    {"fold", KEYWORDS(method_fold), FOLD_DOC},
    {"as_strided", KEYWORDS(method_as_strided), AS_STRIDED_DOC},

    {"cache_info", method_cache_info, METH_NOARGS, CACHE_INFO_DOC},
    {"cache_clear", method_cache_clear, METH_NOARGS, CACHE_CLEAR_DOC},

    {"_config", method_config, METH_NOARGS, CONFIG_DOC},
    {"_describe", KEYWORDS(method_describe), DESCRIBE_DOC},
    {"_spell", KEYWORDS(method_spell), SPELL_DOC},
    {"_window_axes", KEYWORDS(method_window_axes), WINDOW_AXES_DOC},
    {"_check_threads", method_check_threads, METH_O, CHECK_THREADS_DOC},
    {"_set_threads", method_set_threads, METH_O, SET_THREADS_DOC},
    {"_set_own_threads", method_set_own_threads, METH_O, SET_OWN_THREADS_DOC},
    {"_threads", method_threads, METH_NOARGS, THREADS_DOC},
    {"_set_recycling", method_set_recycling, METH_O, SET_RECYCLING_DOC},
    {"_recycling", method_recycling, METH_NOARGS, RECYCLING_DOC},
    {"_use_isa", method_use_isa, METH_O, USE_ISA_DOC},
    {"_use_strategy", method_use_strategy, METH_O, USE_STRATEGY_DOC},
    {"_fail_allocation", method_fail_allocation, METH_VARARGS, FAIL_ALLOCATION_DOC},
    {"_allocated_blocks", method_allocated_blocks, METH_NOARGS, ALLOCATED_BLOCKS_DOC},
    {0},
};

static bool add_expression(PyObject *module) {
    PyObject *type = expression_type(module);
    bool done = type && PyModule_AddType(module, (PyTypeObject *)type) == 0;
    Py_XDECREF(type);
    return done;
}

static int module_exec(PyObject *module) {
    import_array1(-1);
    ModuleState *state = PyModule_GetState(module);
    PyObject *numpy = PyImport_ImportModule("numpy");
    state->numpy_einsum = numpy ? PyObject_GetAttrString(numpy, "einsum") : NULL;
    state->numpy_einsum_path = numpy ? PyObject_GetAttrString(numpy, "einsum_path") : NULL;
    Py_XDECREF(numpy);
    state->ndarray_protocol =
        PyObject_GetAttrString((PyObject *)&PyArray_Type, "__array_function__");
    if (!state->numpy_einsum || !state->numpy_einsum_path || !state->ndarray_protocol) return -1;
    bool is_ready = config_choose_isa(state) && config_choose_threads() && data_memory_prepare() &&
                    config_add_constants(module) && add_expression(module);
    return is_ready ? 0 : -1;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg) {
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->numpy_einsum);
    Py_VISIT(state->numpy_einsum_path);
    Py_VISIT(state->ndarray_protocol);
    return 0;
}

static int module_clear(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    Py_CLEAR(state->numpy_einsum);
    Py_CLEAR(state->numpy_einsum_path);
    Py_CLEAR(state->ndarray_protocol);
    return 0;
}

static void module_free(void *module) {
    ModuleState *state = PyModule_GetState(module);
    plan_cache_clear(&state->plans);
    module_clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fasteinsum._fasteinsum",
    .m_doc = "The C side of fasteinsum.",
    .m_size = sizeof(ModuleState),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC PyInit__fasteinsum(void);

PyMODINIT_FUNC PyInit__fasteinsum(void) {
    return PyModuleDef_Init(&definition);
}
