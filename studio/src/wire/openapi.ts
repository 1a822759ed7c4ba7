/** Made by `npm run types` from the server's OpenAPI document; not to be changed by hand. */
export interface paths {
    "/api/machines/{machine}/instances/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send an event to an instance
         * @description The event is flat JSON with its name in `type`. A reply means that the step is stored; a problem means that nothing changed. 202: the instance is paused and the event is held.
         */
        post: operations["statehold_send"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send many events, to any instances
         * @description They are answered in order, each with a reply or a problem of its own.
         */
        post: operations["statehold_send_many"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the instances of a machine
         * @description List the instances of a machine.
         */
        get: operations["statehold_list"];
        put?: never;
        /**
         * Start an instance
         * @description Start an instance.
         */
        post: operations["statehold_start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an instance
         * @description Read an instance.
         */
        get: operations["statehold_read"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/at/{seq}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read an instance as it was after one of its steps
         * @description Read an instance as it was after one of its steps.
         */
        get: operations["statehold_at"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Explain where an instance is, why, and what can happen next
         * @description Explain where an instance is, why, and what can happen next.
         */
        get: operations["statehold_explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/journal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what happened to an instance, in order
         * @description Read what happened to an instance, in order.
         */
        get: operations["statehold_journal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch an instance, as server-sent events
         * @description `event: step` has `id: seq`, `event: note` has none; the data is a JournalEntry. `event: end` comes when the instance is over.
         */
        get: operations["statehold_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause an instance: its events, timers and effects' results are held
         * @description Pause an instance: its events, timers and effects' results are held.
         */
        post: operations["statehold_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a paused instance
         * @description Resume a paused instance.
         */
        post: operations["statehold_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an instance: it ends in the state that it is in
         * @description Cancel an instance: it ends in the state that it is in.
         */
        post: operations["statehold_cancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/repair": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give an unreadable instance new data
         * @description It goes on in the states that it is in, or in those that are given, in the version that this server runs. 409 if the instance can be read.
         */
        post: operations["statehold_repair"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/upgrade": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upgrade an instance to the machine's version
         * @description Upgrade an instance to the machine's version.
         */
        post: operations["statehold_upgrade"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/upgrade": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upgrade every instance to the machine's version
         * @description Upgrade every instance to the machine's version.
         */
        post: operations["statehold_upgrade_all"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/timers/{timer}/fire": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Fire a timer now
         * @description Fire a timer now.
         */
        post: operations["statehold_fire_timer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/timers/{timer}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a timer: it does not fire, unless its state is entered again
         * @description Cancel a timer: it does not fire, unless its state is entered again.
         */
        post: operations["statehold_cancel_timer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/timers/{timer}/reschedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a timer fire at another time
         * @description Let a timer fire at another time.
         */
        post: operations["statehold_reschedule_timer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/effects/{key}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry an effect at once, beginning with its first attempt
         * @description Retry an effect at once, beginning with its first attempt.
         */
        post: operations["statehold_retry_effect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/effects/{key}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Skip an effect: it ends without an event
         * @description Skip an effect: it ends without an event.
         */
        post: operations["statehold_skip_effect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/instances/{id}/effects/{key}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set an effect's result by hand
         * @description Set an effect's result by hand.
         */
        post: operations["statehold_resolve_effect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the machines that this engine runs
         * @description List the machines that this engine runs.
         */
        get: operations["statehold_machines"];
        put?: never;
        /**
         * Deploy a machine, or its next version
         * @description The body is the document, JSON or YAML. It is checked first: a problem means that nothing changed. 200: the same text was deployed before, or it was a dry run.
         */
        post: operations["statehold_put"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/document": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the document of a version that was deployed as data
         * @description Read the document of a version that was deployed as data.
         */
        get: operations["statehold_document"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a machine: its chart, and how many instances are in each state
         * @description Read a machine: its chart, and how many instances are in each state.
         */
        get: operations["statehold_machine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/diagram": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Draw the chart as a diagram
         * @description Draw the chart as a diagram.
         */
        get: operations["statehold_diagram"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/flows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a machine's throughput in a window of time
         * @description It is counted as it happens, never by reading journals.
         */
        get: operations["statehold_flows"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch which instances of all machines change, as server-sent events
         * @description The events are those of the stream of one machine.
         */
        get: operations["statehold_stream_machines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/machines/{machine}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch which instances of a machine change, as server-sent events
         * @description `event: hello` comes first. `event: change` has a Summary of an instance as it is now, and may combine several changes. `event: more`: more instances may have changed than the stream reports, fetch again. There are no ids: a client that reconnects fetches again, too.
         */
        get: operations["statehold_stream_machine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search machines, states, events and instances by text
         * @description Search machines, states, events and instances by text.
         */
        get: operations["statehold_search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the caller's name, roles and permissions
         * @description Read the caller's name, roles and permissions.
         */
        get: operations["statehold_me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List incidents, oldest first
         * @description List incidents, oldest first.
         */
        get: operations["statehold_incidents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{incident}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry what failed
         * @description Retry what failed.
         */
        post: operations["statehold_retry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{incident}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Go on without what failed
         * @description Go on without what failed.
         */
        post: operations["statehold_skip"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/incidents/{incident}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the result of what failed by hand
         * @description Set the result of what failed by hand.
         */
        post: operations["statehold_resolve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process is up */
        get: operations["health_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the server takes requests */
        get: operations["ready_ready_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * ChildView
         * @description An instance that another one waits for, as it is now.
         */
        ChildView: {
            /** Machine */
            machine: string;
            /** Id */
            id: string;
            /**
             * Status
             * @enum {string}
             */
            status: "running" | "paused" | "done" | "cancelled";
            /** State */
            state: string[];
            /**
             * Since
             * Format: date-time
             * @description when its present state was entered
             */
            since: string;
            /**
             * Owners
             * @default []
             */
            owners: string[];
            /**
             * Allowed
             * @description events that it accepts now; empty where its machine is not run
             * @default []
             */
            allowed: string[];
            /**
             * Next At
             * @description the earliest thing that is due
             */
            next_at?: string | null;
            /**
             * Incidents
             * @default 0
             */
            incidents: number;
        };
        /**
         * Dwell
         * @description How long a state was active, of those who left it. The times come from buckets whose bounds
         *     are 9 % apart: either is at most 4.5 % off.
         */
        Dwell: {
            /** Count */
            count: number;
            /** Median Seconds */
            median_seconds: number;
            /** P95 Seconds */
            p95_seconds: number;
        };
        /** EffectView */
        EffectView: {
            /** Key */
            key: string;
            /** Name */
            name: string;
            /** State */
            state: string | null;
            /**
             * Status
             * @enum {string}
             */
            status: "running" | "waiting" | "incident" | "child";
            /** Attempt */
            attempt: number;
            /** Attempts */
            attempts: number | null;
            /** Error */
            error?: string | null;
            /**
             * Asked At
             * Format: date-time
             */
            asked_at: string;
            /** Next At */
            next_at?: string | null;
            /** @description with status child: the instance; null before it has started */
            child?: components["schemas"]["ChildView"] | null;
        };
        /**
         * EventView
         * @description An event that may be sent. ``schema`` is the JSON Schema (2020-12) of its fields, null where
         *     anything goes.
         */
        EventView: {
            /** Doc */
            doc: string;
            /** Schema */
            schema: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * Explanation
         * @description Where it is, since when and why, what it waits for, what can happen next and what can't.
         */
        Explanation: {
            /**
             * Summary
             * @description the same in sentences
             */
            summary: string;
            instance: components["schemas"]["Reply"];
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /** @description the step that led into the present state */
            because: components["schemas"]["JournalEntry"] | null;
            /** Active */
            active: components["schemas"]["StateView"][];
            /** Timers */
            timers: components["schemas"]["TimerView"][];
            /** Effects */
            effects: components["schemas"]["EffectView"][];
            /** Next */
            next: components["schemas"]["PossibleTransition"][];
            /** Incidents */
            incidents: components["schemas"]["Incident"][];
        };
        /**
         * FindingView
         * @description What a static check says; a machine with errors is not put.
         */
        FindingView: {
            /** Code */
            code: string;
            /**
             * Severity
             * @enum {string}
             */
            severity: "error" | "warning" | "info";
            /** Place */
            place: string;
            /** Message */
            message: string;
            /**
             * Hint
             * @default
             */
            hint: string;
        };
        /**
         * Flows
         * @description What went through a machine in a window: counted as it happens, never by reading journals.
         *
         *     What happened after ``until_complete`` may be counted in part. What a worker that was killed
         *     had counted and not written down, of its last seconds, is not in here.
         */
        Flows: {
            /** Machine */
            machine: string;
            /**
             * Version
             * @description null: every version
             */
            version: number | null;
            /**
             * Window
             * @enum {string}
             */
            window: "1h" | "24h" | "7d" | "30d";
            /**
             * Since
             * Format: date-time
             * @description where counting begins: the start of a minute, hour or day
             */
            since: string;
            /**
             * Until
             * Format: date-time
             */
            until: string;
            /**
             * Until Complete
             * Format: date-time
             */
            until_complete: string;
            /**
             * Steps
             * @description steps of all kinds
             */
            steps: number;
            /** Started */
            started: number;
            /**
             * Ended
             * @description instances that came to an end of their chart
             */
            ended: number;
            /** Cancelled */
            cancelled: number;
            /**
             * Transitions
             * @description how often each was taken, by its id
             */
            transitions: {
                [key: string]: number;
            };
            /**
             * States
             * @description every state of the chart, and what else was
             */
            states: {
                [key: string]: components["schemas"]["StateFlow"];
            };
        };
        /**
         * Found
         * @description What a text leads to: names of machines, states and events that have it in them, instances
         *     whose id begins with it or that have it as a value of an index.
         */
        Found: {
            /** Machines */
            machines: components["schemas"]["FoundMachine"][];
            /** States */
            states: components["schemas"]["FoundState"][];
            /** Events */
            events: components["schemas"]["FoundEvent"][];
            /** Instances */
            instances: components["schemas"]["Summary"][];
        };
        /** FoundEvent */
        FoundEvent: {
            /** Machine */
            machine: string;
            /** Name */
            name: string;
            /** Doc */
            doc: string;
        };
        /** FoundMachine */
        FoundMachine: {
            /** Name */
            name: string;
            /** Doc */
            doc: string;
        };
        /** FoundState */
        FoundState: {
            /** Machine */
            machine: string;
            /** Id */
            id: string;
            /** Doc */
            doc: string;
        };
        /** HTTPValidationError */
        HTTPValidationError: {
            /** Detail */
            detail?: components["schemas"]["ValidationError"][];
        };
        /** Health */
        Health: {
            /**
             * Status
             * @enum {string}
             */
            status: "ok" | "unavailable";
            /** Detail */
            detail?: string | null;
        };
        /**
         * Incident
         * @description Something that used up its tries and waits for a person.
         */
        Incident: {
            /**
             * Id
             * @description machine/instance/key
             */
            id: string;
            /** Machine */
            machine: string;
            /** Instance */
            instance: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "effect" | "upgrade" | "message" | "timer" | "unreadable";
            /** Name */
            name: string;
            /** State */
            state: string[];
            /** Attempts */
            attempts: number;
            /** Error */
            error: string;
            /**
             * Since
             * Format: date-time
             */
            since: string;
            /**
             * Traceback
             * @description file, line and function of each frame that the error came out of, where code of the machine's own raised it; bounded, and without values
             * @default
             */
            traceback: string;
        };
        /** Incidents */
        Incidents: {
            /** Incidents */
            incidents: components["schemas"]["Incident"][];
            /** Cursor */
            cursor: string | null;
            /**
             * Count
             * @description how many there are in all, of the first 1000 instances that have any
             * @default 0
             */
            count: number;
        };
        /** Instances */
        Instances: {
            /** Instances */
            instances: components["schemas"]["Summary"][];
            /**
             * Cursor
             * @description for the next page; null on the last
             */
            cursor: string | null;
        };
        /** Journal */
        Journal: {
            /** Entries */
            entries: components["schemas"]["JournalEntry"][];
            /**
             * After
             * @description ask for the next page with this `after`; null: no more
             */
            after: number | null;
        };
        /**
         * JournalEntry
         * @description One line of the history. ``part`` 0 is a step, more are notes under it.
         */
        JournalEntry: {
            /** Seq */
            seq: number;
            /**
             * Part
             * @default 0
             */
            part: number;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * Kind
             * @description start, event, timer, result, failure, message, upgrade, pause, resume, cancel, repair; as notes: tried, done, incident, retry, skip, resolve, refused, fire, cancel-timer, reschedule
             */
            kind: string;
            /** Version */
            version: number;
            /** State */
            state: string[];
            /**
             * Status
             * @enum {string}
             */
            status: "running" | "paused" | "done" | "cancelled";
            /** Event */
            event?: unknown;
            /** Key */
            key?: string | null;
            /** Caller */
            caller?: string | null;
            /** Cause */
            cause?: string | null;
            /**
             * Steps
             * @default []
             */
            steps: {
                [key: string]: unknown;
            }[];
            /** Change */
            change?: {
                [key: string]: unknown;
            } | null;
            /**
             * Data
             * @description the data after the step, where asked for
             */
            data?: unknown;
            /**
             * Effects
             * @default []
             */
            effects: {
                [key: string]: unknown;
            }[];
            /**
             * Timers
             * @default {}
             */
            timers: {
                [key: string]: string | null;
            };
            /**
             * Sent
             * @default []
             */
            sent: {
                [key: string]: unknown;
            }[];
            /**
             * Emitted
             * @default []
             */
            emitted: unknown[];
            /** Output */
            output?: unknown;
            /** Reason */
            reason?: string | null;
            /**
             * Trace
             * @description the step's place in a trace (W3C traceparent), where traced
             */
            trace?: string | null;
        };
        /**
         * MachineDetail
         * @description ``chart`` is the chart as stored: states and transitions in document order.
         */
        MachineDetail: {
            /** Name */
            name: string;
            /** Version */
            version: number;
            /** Doc */
            doc: string;
            /** Chart */
            chart: {
                [key: string]: unknown;
            };
            /**
             * Counts
             * @description instances by state, running ones and done ones
             */
            counts: {
                [key: string]: number;
            };
            /**
             * Versions
             * @description every version that the store has seen
             * @default []
             */
            versions: number[];
            /**
             * @default {
             *       "running": 0,
             *       "paused": 0,
             *       "done": 0,
             *       "cancelled": 0
             *     }
             */
            by_status: components["schemas"]["StatusCounts"];
            /**
             * By Version
             * @description running and paused instances
             * @default {}
             */
            by_version: {
                [key: string]: number;
            };
            /**
             * By Tag
             * @description running and paused instances
             * @default {}
             */
            by_tag: {
                [key: string]: number;
            };
            /**
             * By Owner
             * @description running and paused instances by whose move it is
             * @default {}
             */
            by_owner: {
                [key: string]: number;
            };
            /**
             * Incidents
             * @description what waits for a person, of the first 1000 instances that have any
             * @default 0
             */
            incidents: number;
            /**
             * Steps Per Minute
             * @description over the last whole minutes; null: not known
             */
            steps_per_minute?: number | null;
            /**
             * Tags
             * @description every tag that a state of the chart has
             * @default []
             */
            tags: string[];
            /**
             * Owners
             * @description every owner that a state of the chart has
             * @default []
             */
            owners: string[];
            /**
             * Indexes
             * @description names that instances are listed `where`
             * @default []
             */
            indexes: string[];
            /**
             * Events
             * @description what may be sent, by name
             * @default {}
             */
            events: {
                [key: string]: components["schemas"]["EventView"];
            };
            /**
             * Data Schema
             * @description JSON Schema (2020-12) of the data; null: anything goes
             */
            data_schema?: {
                [key: string]: unknown;
            } | null;
            /**
             * Results
             * @description effect to the JSON Schema of its result; null: anything goes, or the version is not the one that runs
             * @default {}
             */
            results: {
                [key: string]: {
                    [key: string]: unknown;
                } | null;
            };
            /**
             * Notation
             * @description how it was put; null: it is given by code
             */
            notation?: string | null;
            /** Put At */
            put_at?: string | null;
            /** Put By */
            put_by?: string | null;
            /**
             * Reason
             * @description why it was put
             */
            reason?: string | null;
        };
        /** MachineSummary */
        MachineSummary: {
            /** Name */
            name: string;
            /** Version */
            version: number;
            /** Doc */
            doc: string;
            /** States */
            states: number;
            /** Events */
            events: string[];
            /**
             * Versions
             * @description every version that the store has seen
             */
            versions: number[];
            /**
             * @default {
             *       "running": 0,
             *       "paused": 0,
             *       "done": 0,
             *       "cancelled": 0
             *     }
             */
            counts: components["schemas"]["StatusCounts"];
            /**
             * Incidents
             * @description what waits for a person, of the first 1000 instances that have any
             * @default 0
             */
            incidents: number;
            /**
             * Steps Per Minute
             * @description over the last whole minutes; null: not known
             */
            steps_per_minute?: number | null;
        };
        /** Machines */
        Machines: {
            /** Machines */
            machines: components["schemas"]["MachineSummary"][];
        };
        /** May */
        May: {
            /**
             * Put
             * @description put machines
             */
            put: boolean;
            /**
             * Act
             * @description act on instances by hand: pause, retry, fire a timer …
             */
            act: boolean;
        };
        /**
         * Me
         * @description Whom the server takes the caller for.
         */
        Me: {
            /** Name */
            name: string;
            /**
             * Roles
             * @description null: trusted, no `by` stops it
             */
            roles: string[] | null;
            may: components["schemas"]["May"];
        };
        /**
         * MovedState
         * @description Instances in ``before`` will be in ``after``; both are active leaves.
         */
        MovedState: {
            /** Before */
            before: string[];
            /** After */
            after: string[];
        };
        /**
         * PastInstance
         * @description An instance as it was after one of its steps.
         */
        PastInstance: {
            /** Machine */
            machine: string;
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Seq */
            seq: number;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /**
             * Status
             * @enum {string}
             */
            status: "running" | "paused" | "done" | "cancelled";
            /** State */
            state: string[];
            /** Data */
            data: unknown;
        };
        /**
         * PossibleTransition
         * @description What can happen next, or why it can't. ``possible`` null: it depends on the event.
         */
        PossibleTransition: {
            /** Transition */
            transition: string;
            /** Kind */
            kind: string;
            /** Event */
            event: string | null;
            /** Source */
            source: string;
            /** Targets */
            targets: string[];
            /** Possible */
            possible: boolean | null;
            /**
             * Stopped By
             * @default []
             */
            stopped_by: string[];
            /**
             * By
             * @default []
             */
            by: string[];
            /** Due */
            due?: string | null;
            /**
             * Doc
             * @default
             */
            doc: string;
        };
        /**
         * Problem
         * @description RFC 9457. ``type`` ends in the error's code; further members depend on it.
         */
        Problem: {
            /** Type */
            type: string;
            /** Title */
            title: string;
            /** Status */
            status: number;
            /** Detail */
            detail: string;
            /** Instance */
            instance?: string | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * PutReport
         * @description What was put, or would be.
         */
        PutReport: {
            /** Machine */
            machine: string;
            /** Version */
            version: number;
            /** Notation */
            notation: string;
            /**
             * Added
             * @description false: nothing was changed
             */
            added: boolean;
            /** Dry Run */
            dry_run: boolean;
            /**
             * There
             * @description this very text was put before
             */
            there: boolean;
            /**
             * Changes
             * @description to the version before, in words, at most 50
             */
            changes: string[];
            /**
             * Findings
             * @description of the static checks; none is an error
             */
            findings: components["schemas"]["FindingView"][];
            /**
             * Omissions
             * @description what the document says and the machine won't do
             */
            omissions: string[];
            /** Upgrades */
            upgrades: components["schemas"]["UpgradePlanView"][];
        };
        /**
         * Reply
         * @description An instance as its users see it: a function of its state and its data.
         */
        Reply: {
            /** Machine */
            machine: string;
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Seq */
            seq: number;
            /**
             * Status
             * @enum {string}
             */
            status: "running" | "paused" | "done" | "cancelled";
            /**
             * State
             * @description paths of the active leaves
             */
            state: string[];
            /**
             * View
             * @description what the machine's view shows of the data
             */
            view: unknown;
            /** Tags */
            tags: string[];
            /** Owners */
            owners: string[];
            /**
             * Allowed
             * @description events that are accepted now
             */
            allowed: string[];
            /** Output */
            output?: unknown;
            /**
             * Held
             * @description the instance is paused; the event waits for its resumption
             * @default false
             */
            held: boolean;
        };
        /**
         * SendAnswer
         * @description The answer to one of many: a reply or a problem.
         */
        SendAnswer: {
            reply?: components["schemas"]["Reply"] | null;
            problem?: components["schemas"]["Problem"] | null;
        };
        /** SendAnswers */
        SendAnswers: {
            /** Answers */
            answers: components["schemas"]["SendAnswer"][];
        };
        /** StateFlow */
        StateFlow: {
            /**
             * Entered
             * @default 0
             */
            entered: number;
            /**
             * Left
             * @default 0
             */
            left: number;
            /**
             * Now
             * @description instances that are in it now, or below it
             * @default 0
             */
            now: number;
            /** @description null: none has left it since */
            dwell?: components["schemas"]["Dwell"] | null;
        };
        /**
         * StateView
         * @description An active state and since when it is.
         */
        StateView: {
            /** Id */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Doc
             * @default
             */
            doc: string;
            /** Owner */
            owner?: string | null;
            /**
             * Tags
             * @default []
             */
            tags: string[];
            /** Since */
            since?: string | null;
            /** Deadline */
            deadline?: string | null;
        };
        /**
         * StatusCounts
         * @description How many instances there are now.
         */
        StatusCounts: {
            /**
             * Running
             * @default 0
             */
            running: number;
            /**
             * Paused
             * @default 0
             */
            paused: number;
            /**
             * Done
             * @default 0
             */
            done: number;
            /**
             * Cancelled
             * @default 0
             */
            cancelled: number;
        };
        /**
         * Summary
         * @description A line of a list.
         */
        Summary: {
            /** Machine */
            machine: string;
            /** Id */
            id: string;
            /** Version */
            version: number;
            /** Seq */
            seq: number;
            /**
             * Status
             * @enum {string}
             */
            status: "running" | "paused" | "done" | "cancelled";
            /** State */
            state: string[];
            /** Tags */
            tags: string[];
            /** Owners */
            owners: string[];
            /** Indexes */
            indexes: {
                [key: string]: string;
            };
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Since
             * Format: date-time
             * @description when its present state was entered
             */
            since: string;
            /**
             * Changed At
             * Format: date-time
             */
            changed_at: string;
            /**
             * Next At
             * @description the earliest thing that is due
             */
            next_at: string | null;
            /** Deadline */
            deadline?: string | null;
            /**
             * Incidents
             * @default 0
             */
            incidents: number;
        };
        /** TimerView */
        TimerView: {
            /** Id */
            id: string;
            /** State */
            state: string;
            /**
             * Due
             * Format: date-time
             */
            due: string;
            /** Seconds Left */
            seconds_left: number;
        };
        /**
         * UpgradePlanView
         * @description How instances of a version before become ones of this.
         */
        UpgradePlanView: {
            /** From Version */
            from_version: number;
            /**
             * Configurations
             * @description states that instances can be in, each with a place
             */
            configurations: number;
            /**
             * Complete
             * @description false: there may be more than were looked at
             */
            complete: boolean;
            /**
             * Moved
             * @description those that change, at most 50
             */
            moved: components["schemas"]["MovedState"][];
            /**
             * Living
             * @description there are instances of that version now
             */
            living: boolean;
        };
        /** UpgradeReport */
        UpgradeReport: {
            /** Machine */
            machine: string;
            /** Version */
            version: number;
            /** Upgraded */
            upgraded: number;
            /** Already */
            already: number;
            /**
             * Failed
             * @description instance to reason; each has an incident
             */
            failed: {
                [key: string]: string;
            };
        };
        /** ValidationError */
        ValidationError: {
            /** Location */
            loc: (string | number)[];
            /** Message */
            msg: string;
            /** Error Type */
            type: string;
            /** Input */
            input?: unknown;
            /** Context */
            ctx?: Record<string, never>;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    statehold_send: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the same key gives the same reply and no second step
                 * @example 2f1d6f1c-4a55-4f7c-9d3e-0a2a3f5c8b11
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description the seq that the sender saw
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description members of the body that the sender filled in with defaults, as JSON: they do not count for the key, and the machine sees them as left out
                 * @example {"note":null}
                 */
                "Statehold-Left-Out"?: string;
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "Accept",
                 *       "prep_minutes": 12
                 *     }
                 */
                "application/json": {
                    /** @description the event's name */
                    type: string;
                } & {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description held until the instance is resumed */
            202: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_send_many: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example [
                 *       {
                 *         "machine": "order",
                 *         "id": "o-1",
                 *         "event": {
                 *           "type": "Accept",
                 *           "prep_minutes": 12
                 *         }
                 *       },
                 *       {
                 *         "machine": "order",
                 *         "id": "o-2",
                 *         "event": {
                 *           "type": "Reject",
                 *           "reason": "closed"
                 *         }
                 *       }
                 *     ]
                 */
                "application/json": {
                    /** Machine */
                    machine: string;
                    /** Id */
                    id: string;
                    /** Event */
                    event: {
                        [key: string]: unknown;
                    };
                    /** Key */
                    key?: string | null;
                    /** Expected Seq */
                    expected_seq?: number | null;
                }[];
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SendAnswers"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_list: {
        parameters: {
            query?: {
                /** @description in this state or below it */
                state?: string | null;
                tag?: string | null;
                owner?: string | null;
                status?: ("running" | "paused" | "done" | "cancelled") | null;
                version?: number | null;
                /** @description `name=value` of an index; all must hold */
                where?: string[];
                /** @description its present state was entered then or earlier */
                in_state_since?: string | null;
                /** @description only those with incidents */
                incidents?: boolean;
                /** @description a prefix of the id; sorts by id */
                q?: string | null;
                /** @description `created`: newest first; `since`: longest in its state first */
                order?: "created" | "since";
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Instances"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_start: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the same key gives the same reply and no second step
                 * @example 2f1d6f1c-4a55-4f7c-9d3e-0a2a3f5c8b11
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description members of the body that the sender filled in with defaults, as JSON: they do not count for the key, and the machine sees them as left out
                 * @example {"note":null}
                 */
                "Statehold-Left-Out"?: string;
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "id": "o-1",
                 *       "data": {
                 *         "items": [
                 *           "pizza"
                 *         ]
                 *       }
                 *     }
                 */
                "application/json": {
                    /**
                     * Id
                     * @description made up if left out
                     */
                    id?: string | null;
                    /**
                     * Data
                     * @description the machine's data; its type's defaults if left out
                     */
                    data?: unknown;
                };
            };
        };
        responses: {
            /** @description created */
            201: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_read: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_at: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
                /** @description the instance's id */
                id: string;
                seq: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PastInstance"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_explain: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_journal: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                /** @description with the data after each step */
                data?: boolean;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
                /** @description the instance's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Journal"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_stream: {
        parameters: {
            query?: {
                /** @description Last-Event-ID precedes it; 0: everything */
                after?: number | null;
            };
            header?: {
                /**
                 * @description the last seq that the client received
                 * @example 3
                 */
                "Last-Event-ID"?: string;
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
                /** @description the instance's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_pause: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_resume: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_cancel: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_repair: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "data": {
                 *         "items": [
                 *           "pizza"
                 *         ]
                 *       },
                 *       "reason": "by hand"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                    /**
                     * Data
                     * @description of the machine's data type, in place of what can't be read
                     */
                    data: unknown;
                    /**
                     * State
                     * @description the active leaves, where they are not to stay as they are
                     * @default []
                     */
                    state?: string[];
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_upgrade: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UpgradeReport"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_upgrade_all: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UpgradeReport"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_fire_timer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
                /**
                 * @description the timer's id, as in `explain`
                 * @example accepted.after.0
                 */
                timer: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_cancel_timer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
                /**
                 * @description the timer's id, as in `explain`
                 * @example accepted.after.0
                 */
                timer: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_reschedule_timer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
                /**
                 * @description the timer's id, as in `explain`
                 * @example accepted.after.0
                 */
                timer: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "seconds": 600,
                 *       "reason": "the courier is late"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                    /**
                     * Due
                     * @description when it is to fire
                     */
                    due?: string | null;
                    /**
                     * Seconds
                     * @description from now on
                     */
                    seconds?: number | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_retry_effect: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
                /**
                 * @description the effect's key, as in `explain`
                 * @example 3.0
                 */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_skip_effect: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
                /**
                 * @description the effect's key, as in `explain`
                 * @example 3.0
                 */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_resolve_effect: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description the machine's name
                 * @example order
                 */
                machine: string;
                /**
                 * @description the instance's id
                 * @example o-1
                 */
                id: string;
                /**
                 * @description the effect's key, as in `explain`
                 * @example 3.0
                 */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "result": {
                 *         "charge": "ch_1"
                 *       },
                 *       "reason": "by hand"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                    /**
                     * Result
                     * @description taken for the effect's result
                     */
                    result?: unknown;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_machines: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Machines"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_put: {
        parameters: {
            query?: {
                notation?: string;
                /** @description only report what would be done */
                dry_run?: boolean;
                /** @description why; stored with the document */
                reason?: string | null;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
                "application/yaml": string;
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PutReport"];
                };
            };
            /** @description created */
            201: {
                headers: {
                    Location?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PutReport"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_document: {
        parameters: {
            query?: {
                /** @description default: the newest */
                version?: number | null;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_machine: {
        parameters: {
            query?: {
                /** @description default: the newest */
                version?: number | null;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachineDetail"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_diagram: {
        parameters: {
            query?: {
                format?: "mermaid";
                /** @description highlight this one's states */
                instance?: string | null;
                /** @description default: the newest */
                version?: number | null;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_flows: {
        parameters: {
            query?: {
                /** @description how far back */
                window?: "1h" | "24h" | "7d" | "30d";
                /** @description default: every version */
                version?: number | null;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flows"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_stream_machines: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_stream_machine: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /** @description the machine's name */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_search: {
        parameters: {
            query: {
                q: string;
                /** @description of each kind */
                limit?: number;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Found"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_me: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_incidents: {
        parameters: {
            query?: {
                machine?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Incidents"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_retry: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description machine/instance/key
                 * @example order/o-1/3.0
                 */
                incident: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_skip: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description machine/instance/key
                 * @example order/o-1/3.0
                 */
                incident: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "the kitchen is on fire"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    statehold_resolve: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description the caller's name, believed by default
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas; left out: trusted, no `by` refuses it
                 * @example restaurant, support
                 */
                "Statehold-Roles"?: string;
            };
            path: {
                /**
                 * @description machine/instance/key
                 * @example order/o-1/3.0
                 */
                incident: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "result": {
                 *         "charge": "ch_1"
                 *       },
                 *       "reason": "by hand"
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                    /**
                     * Result
                     * @description taken for the effect's result
                     */
                    result?: unknown;
                };
            };
        };
        responses: {
            /** @description done */
            200: {
                headers: {
                    /** @description the seq, quoted */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Reply"];
                };
            };
            /** @description Problem: the request can't be read */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: it is not known who asks */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the caller may not do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: unknown */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: refused as the instance is now; nothing was changed */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the body is not declared as JSON */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the payload does not fit, or the machine's own code refused it */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: the server made a mistake */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
    health_health_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    ready_ready_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Problem: not available now; the same request may succeed later */
            503: {
                headers: {
                    /** @description seconds to wait */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /** Type */
                        type: string;
                        /** Title */
                        title: string;
                        /** Status */
                        status: number;
                        /** Detail */
                        detail: string;
                        /** Instance */
                        instance?: string | null;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
}
