//! What runs between the exports of a component and the type that plays its role: one value an instance, and what a failure
//! does to it. A role, a file.

mod instance;
mod parser;
mod processor;
mod sink;
mod source;
mod webhook;

pub use parser::ParserTask;
pub use processor::ProcessorTask;
pub use sink::SinkTask;
pub use source::SourceTask;
pub use webhook::WebhookTask;

/// Exports a role of one call: `describe`, `open`, the call and `close`, over the role's task.
#[doc(hidden)]
#[macro_export]
macro_rules! __export_one_call {
    (
        $plugin:ty: $role:path,
        $task:ident,
        $guest:path,
        $call:ident($argument:ty) -> $answer:ty,
        $world:ident::$export:ident
    ) => {
        // The names of the exports are no names a native linker takes; there the type is only checked.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn plays_the_role<P: $role>() {}
            plays_the_role::<$plugin>();
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            ::std::thread_local! {
                static TASK: $crate::task::$task<$plugin> = const { $crate::task::$task::new() };
            }

            struct Component;

            impl $guest for Component {
                fn describe() -> $crate::Description {
                    <$plugin as $role>::describe()
                }

                fn open(context: $crate::TaskContext) -> ::core::result::Result<(), $crate::Failure> {
                    TASK.with(|task| task.open(context))
                }

                fn $call(argument: $argument) -> ::core::result::Result<$answer, $crate::Failure> {
                    TASK.with(|task| task.$call(argument))
                }

                fn close() {
                    TASK.with(|task| task.close());
                }
            }

    $crate::bindings::$world::$export!(Component with_types_in $crate::bindings::$world);
        };
    };
}
