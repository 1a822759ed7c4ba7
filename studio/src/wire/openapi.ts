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
         * List the instances of a machine that the caller may read
         * @description Filters by an index that the machine's grant to read does not name, `in_state_since`, `incidents` and `order=since` are for callers who may inspect all that they may read. With `q`, those who may read only some instances get them newest first.
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
         * Read an instance, in the caller's view of it
         * @description Read an instance, in the caller's view of it.
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
         * Read what happened to an instance, in order; for callers who may inspect it
         * @description Read what happened to an instance, in order; for callers who may inspect it.
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
         * @description Callers who may inspect it get its journal: `event: step` has `id: seq`, `event: note` has none; the data is a JournalEntry. Callers who may only read it, or who ask for views, get `event: view` with `id: seq`, now and after each change of it; the data is a Reply. `event: end` comes when the instance is over. The stream ends without it as soon as the caller has no right to it any more.
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
         * Cancel an instance
         * @description Its chart may take the cancellation: then it goes on until it ends by itself, and asking again changes nothing. Else the exit actions of its active states run, and it is over. 422 if one of them fails; `force` ends the instance without them.
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
         * List the machines on which the caller has any right
         * @description Counts are for callers who may read all instances.
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
         * @description They are the machines of which the caller may read all instances. The events are those of the stream of one machine.
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
         * Read who the caller is and what it may do
         * @description Read who the caller is and what it may do.
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
         * List the incidents of instances that the caller may inspect, oldest first
         * @description A caller who may not inspect all of them gets them machine by machine.
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
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List refusals and acts of administration, newest first. A page may have fewer entries than `limit`, or none, before the last one
         * @description List refusals and acts of administration, newest first. A page may have fewer entries
         *     than `limit`, or none, before the last one.
         */
        get: operations["statehold_audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read how a browser signs in */
        get: operations["statehold_sign_in"];
        put?: never;
        post?: never;
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
         * AuditLine
         * @description What was refused, or who has administered what.
         */
        AuditLine: {
            /**
             * Id
             * @description is this entry's alone
             */
            id: string;
            /**
             * At
             * Format: date-time
             */
            at: string;
            /** Caller */
            caller: string;
            /**
             * Proved
             * @description an authenticator has proved the caller's name
             */
            proved: boolean;
            /**
             * Address
             * @description the other end of the caller's connection
             */
            address: string;
            /** Action */
            action: string;
            /**
             * Machine
             * @description empty: it is about none
             */
            machine: string;
            /**
             * Instance
             * @description empty: it is about none
             */
            instance: string;
            /**
             * Outcome
             * @enum {string}
             */
            outcome: "done" | "refused";
            /** Detail */
            detail: string;
            /**
             * Times
             * @description how many equal refusals it stands for
             */
            times: number;
        };
        /** AuditLines */
        AuditLines: {
            /** Entries */
            entries: components["schemas"]["AuditLine"][];
            /**
             * Cursor
             * @description for the next page; null on the last
             */
            cursor?: string | null;
        };
        /**
         * ChildView
         * @description A child that an instance waits for, as it is now.
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
             * @description when its present state was entered; null where the caller may not inspect it
             */
            since?: string | null;
            /**
             * Owners
             * @default []
             */
            owners: string[];
            /**
             * Allowed
             * @description events that it accepts now; empty if its machine does not run here
             * @default []
             */
            allowed: string[];
            /**
             * Next At
             * @description when the next timer or attempt is due
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
         * @description How long a state was active, of instances that left it. The times are read from buckets whose
         *     bounds are 9 % apart, and so at most 4.5 % off.
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
            /** @description with status child: the instance; null before it starts, and where the caller may not read it */
            child?: components["schemas"]["ChildView"] | null;
        };
        /**
         * EventView
         * @description An event that can be sent. ``schema`` is the JSON Schema (2020-12) of its fields, with the
         *     label as its title; null: any fields are accepted.
         */
        EventView: {
            /** Doc */
            doc: string;
            /**
             * Label
             * @description what people read in place of the name
             * @default
             */
            label: string;
            /** Schema */
            schema: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * Explanation
         * @description Where an instance is, since when and why, what it waits for, and what can happen next.
         */
        Explanation: {
            /**
             * Summary
             * @description the same in sentences
             */
            summary: string;
            /**
             * Parts
             * @description the summary in pieces
             * @default []
             */
            parts: components["schemas"]["SummaryPart"][];
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
            /**
             * May
             * @description what the caller may do with it
             * @default []
             */
            may: ("start" | "read" | "inspect" | "send" | "act" | "put" | "upgrade" | "erase")[];
        };
        /**
         * FindingView
         * @description A finding of a static check; a machine with errors is not deployed.
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
         * @description A machine's throughput in a window of time, counted as it happens, never by reading journals.
         *
         *     Steps after ``until_complete`` may be counted in part. A worker that is killed loses the counts
         *     of its last seconds.
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
             * @description the start of the window: of a minute, an hour or a day
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
             * @description instances that reached a final state of the chart
             */
            ended: number;
            /** Cancelled */
            cancelled: number;
            /**
             * Transitions
             * @description how often each transition was taken, by id
             */
            transitions: {
                [key: string]: number;
            };
            /**
             * States
             * @description every state of the chart, and others that were counted
             */
            states: {
                [key: string]: components["schemas"]["StateFlow"];
            };
            /**
             * Lag Seconds
             * @description the answer is read from a standby and may lack what was committed in so many seconds before it; 0: it is not
             * @default 0
             */
            lag_seconds: number;
        };
        /**
         * Found
         * @description Matches of a text: machines, states and events whose name or label contains it, instances
         *     whose id begins with it or that have it as the value of an index.
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
            /**
             * Lag Seconds
             * @description the answer is read from a standby and may lack what was committed in so many seconds before it; 0: it is not
             * @default 0
             */
            lag_seconds: number;
        };
        /** FoundEvent */
        FoundEvent: {
            /** Machine */
            machine: string;
            /** Name */
            name: string;
            /**
             * Label
             * @default
             */
            label: string;
            /** Doc */
            doc: string;
        };
        /** FoundMachine */
        FoundMachine: {
            /** Name */
            name: string;
            /**
             * Label
             * @default
             */
            label: string;
            /** Doc */
            doc: string;
        };
        /** FoundState */
        FoundState: {
            /** Machine */
            machine: string;
            /** Id */
            id: string;
            /**
             * Label
             * @default
             */
            label: string;
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
            /** @description null: lists and counts are read from the store's own server */
            read_store?: components["schemas"]["ReadStoreHealth"] | null;
        };
        /**
         * Incident
         * @description An effect, timer, message or upgrade that ran out of attempts and needs a decision.
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
             * @description file, line and function of each frame, if the machine's own code raised the error; bounded, and without values
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
             * @description how many there are in all, counted in the first 1000 instances that have any
             * @default 0
             */
            count: number;
            /**
             * Lag Seconds
             * @description the answer is read from a standby and may lack what was committed in so many seconds before it; 0: it is not
             * @default 0
             */
            lag_seconds: number;
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
            /**
             * Lag Seconds
             * @description the answer is read from a standby and may lack what was committed in so many seconds before it; 0: it is not
             * @default 0
             */
            lag_seconds: number;
        };
        /** Journal */
        Journal: {
            /** Entries */
            entries: components["schemas"]["JournalEntry"][];
            /**
             * After
             * @description the `after` of the next page; null: this is the last
             */
            after: number | null;
        };
        /**
         * JournalEntry
         * @description One entry of the history. ``part`` 0 is a step, 1, 2, … are notes under it.
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
            /**
             * Proved
             * @description an authenticator has proved the caller's name; otherwise it is only claimed
             * @default false
             */
            proved: boolean;
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
             * @description the data after the step, if requested
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
             * @description the step's W3C traceparent, if it was traced
             */
            trace?: string | null;
        };
        /**
         * MachineDetail
         * @description A machine. ``chart`` is the stored chart, with states and transitions in document order; each
         *     state and each event has a label.
         */
        MachineDetail: {
            /** Name */
            name: string;
            /**
             * Label
             * @description what people read in place of the name
             * @default
             */
            label: string;
            /** Version */
            version: number;
            /** Doc */
            doc: string;
            /** Chart */
            chart: {
                [key: string]: unknown;
            };
            /**
             * May
             * @description what the caller may do, on all instances or on some
             * @default []
             */
            may: ("start" | "read" | "inspect" | "send" | "act" | "put" | "upgrade" | "erase")[];
            /**
             * Counted
             * @description false: the caller may not read all instances; no counts
             * @default true
             */
            counted: boolean;
            /**
             * Counts
             * @description instances by state, running ones and done ones
             * @default {}
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
             * @description running and paused instances by the owner of their states
             * @default {}
             */
            by_owner: {
                [key: string]: number;
            };
            /**
             * Incidents
             * @description counted in the first 1000 instances that have any; null: the caller may not inspect all instances
             */
            incidents?: number | null;
            /**
             * Steps Per Minute
             * @description over the last whole minutes; null: not known
             */
            steps_per_minute?: number | null;
            /**
             * Tags
             * @description every tag of the chart's states
             * @default []
             */
            tags: string[];
            /**
             * Owners
             * @description every owner of the chart's states
             * @default []
             */
            owners: string[];
            /**
             * Indexes
             * @description names by which the caller may filter with `where`
             * @default []
             */
            indexes: string[];
            /**
             * Events
             * @description events that can be sent, by name
             * @default {}
             */
            events: {
                [key: string]: components["schemas"]["EventView"];
            };
            /**
             * Data Schema
             * @description JSON Schema (2020-12) of the data; null: any value, or the caller may not inspect instances, nor start one with such data
             */
            data_schema?: {
                [key: string]: unknown;
            } | null;
            /**
             * Input Schema
             * @description JSON Schema (2020-12) of what a start takes as its `data`: the same as `data_schema` unless the machine makes its data of an input; null: any value, or the caller may neither start nor inspect instances
             */
            input_schema?: {
                [key: string]: unknown;
            } | null;
            /**
             * Results
             * @description effect to the JSON Schema of its result; null: any value, or the version is not the one that runs. Empty where the caller may inspect no instance
             * @default {}
             */
            results: {
                [key: string]: {
                    [key: string]: unknown;
                } | null;
            };
            /**
             * Notation
             * @description the notation of its document; null: it is defined by code
             */
            notation?: string | null;
            /** Put At */
            put_at?: string | null;
            /** Put By */
            put_by?: string | null;
            /**
             * Reason
             * @description why it was deployed
             */
            reason?: string | null;
            /**
             * Lag Seconds
             * @description the answer is read from a standby and may lack what was committed in so many seconds before it; 0: it is not
             * @default 0
             */
            lag_seconds: number;
        };
        /** MachineSummary */
        MachineSummary: {
            /** Name */
            name: string;
            /**
             * Label
             * @description what people read in place of the name
             * @default
             */
            label: string;
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
             * May
             * @description what the caller may do, on all instances or on some
             * @default []
             */
            may: ("start" | "read" | "inspect" | "send" | "act" | "put" | "upgrade" | "erase")[];
            /**
             * Counted
             * @description false: the caller may not read all instances; no counts
             * @default true
             */
            counted: boolean;
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
             * @description counted in the first 1000 instances that have any; null: the caller may not inspect all instances
             */
            incidents?: number | null;
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
            /**
             * Lag Seconds
             * @description the answer is read from a standby and may lack what was committed in so many seconds before it; 0: it is not
             * @default 0
             */
            lag_seconds: number;
        };
        /** May */
        May: {
            /**
             * Put
             * @description deploy machines as data
             */
            put: boolean;
            /**
             * Act
             * @description act on some instances by hand: pause, retry, fire a timer …; `rights` has the machines where that holds for all of them
             */
            act: boolean;
            /**
             * Audit
             * @description read the audit log
             */
            audit: boolean;
            /**
             * Metrics
             * @description read `/metrics`
             */
            metrics: boolean;
        };
        /**
         * Me
         * @description The caller, as the server has authenticated it, and what it may do.
         */
        Me: {
            /** Name */
            name: string;
            /**
             * Proved
             * @description an authenticator has proved the name; else it is claimed
             */
            proved: boolean;
            /** Roles */
            roles: string[];
            /** Teams */
            teams: string[];
            /**
             * Machines
             * @description the only machines that it may use, by their names or by how these begin (`shop-*`); null: any
             */
            machines: string[] | null;
            may: components["schemas"]["May"];
            /**
             * Rights
             * @description by machine, the rights that hold for all of its instances; those that hold for some alone are left out
             */
            rights: {
                [key: string]: ("start" | "read" | "inspect" | "send" | "act" | "put" | "upgrade" | "erase")[];
            };
        };
        /**
         * MovedState
         * @description Instances in ``before`` move to ``after``; both are active leaves.
         */
        MovedState: {
            /** Before */
            before: string[];
            /** After */
            after: string[];
        };
        /**
         * OidcSignIn
         * @description What a browser needs to sign in by authorization code with PKCE; none of it is a secret.
         */
        OidcSignIn: {
            /** Issuer */
            issuer: string;
            /** Client Id */
            client_id: string;
            /** Scopes */
            scopes: string[];
            /**
             * Resource
             * @description what the token is asked for (RFC 8707)
             */
            resource: string | null;
            /** Authorization Endpoint */
            authorization_endpoint: string;
            /** Token Endpoint */
            token_endpoint: string;
            /**
             * End Session Endpoint
             * @description null: signing out there is not offered
             */
            end_session_endpoint: string | null;
            /** Revocation Endpoint */
            revocation_endpoint: string | null;
            /**
             * Names Issuer
             * @description whether the provider's answers name their issuer (RFC 9207)
             */
            names_issuer: boolean;
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
         * @description A transition that may happen next. ``possible`` null: it depends on the event.
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
            /**
             * Label
             * @description what people read in place of the event's name
             * @default
             */
            label: string;
        };
        /**
         * Problem
         * @description An error (RFC 9457). ``type`` ends in its code, and further members depend on it.
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
         * @description A deploy, or in a dry run what it would do.
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
             * @description false: nothing changed
             */
            added: boolean;
            /** Dry Run */
            dry_run: boolean;
            /**
             * There
             * @description this same text was deployed before
             */
            there: boolean;
            /**
             * Changes
             * @description the differences to the previous version in words, at most 50
             */
            changes: string[];
            /**
             * Findings
             * @description findings of the static checks; none is an error
             */
            findings: components["schemas"]["FindingView"][];
            /**
             * Omissions
             * @description parts of the document that the machine ignores
             */
            omissions: string[];
            /** Upgrades */
            upgrades: components["schemas"]["UpgradePlanView"][];
        };
        /**
         * ReadStoreHealth
         * @description The standby that lists and counts are read from.
         */
        ReadStoreHealth: {
            /**
             * Used
             * @description false: the store's own server answers
             */
            used: boolean;
            /**
             * Lag Seconds
             * @description how far an answer of it may be behind now; null: not known
             */
            lag_seconds: number | null;
            /**
             * Why
             * @description why it is not used
             */
            why?: string | null;
        };
        /**
         * Reply
         * @description An instance as its users see it: a function of its state and data.
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
             * @description the machine's view of the data
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
             * @description the instance is paused, and the event waits until it resumes
             * @default false
             */
            held: boolean;
        };
        /**
         * SendAnswer
         * @description The answer to one of many events: a reply or a problem.
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
        /**
         * SignIn
         * @description How a browser comes by what the server takes for a caller.
         */
        SignIn: {
            /**
             * Kind
             * @description `claims`: headers that name the caller are believed; `token`: a token of this server's; `oidc`: a token of the provider's; `other`: the browser or a proxy knows how
             * @enum {string}
             */
            kind: "claims" | "token" | "oidc" | "other";
            /** @description null: it is of another kind */
            oidc?: components["schemas"]["OidcSignIn"] | null;
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
             * @description instances in it, or below it, now
             * @default 0
             */
            now: number;
            /** @description null: no instance left it in the window */
            dwell?: components["schemas"]["Dwell"] | null;
        };
        /**
         * StateView
         * @description An active state, and since when it is active.
         */
        StateView: {
            /** Id */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Label
             * @description what people read in place of the id
             * @default
             */
            label: string;
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
         * @description Instances by status, now.
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
         * @description An instance in a list.
         *
         *     Of one that the caller may read and not inspect, it has no times, no incidents, and of
         *     ``indexes`` those alone that the machine's grant to read names.
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
            /** Created At */
            created_at?: string | null;
            /**
             * Since
             * @description when its present state was entered
             */
            since?: string | null;
            /** Changed At */
            changed_at?: string | null;
            /**
             * Next At
             * @description when the next timer or attempt is due
             */
            next_at?: string | null;
            /** Deadline */
            deadline?: string | null;
            /**
             * Incidents
             * @default 0
             */
            incidents: number;
        };
        /**
         * SummaryPart
         * @description A piece of the summary. Of kind `since` or `until` it is the time since or until `at`, as it
         *     was when the answer was made; of kind `state` or `event` it is the label, and `id` what the
         *     chart calls it.
         */
        SummaryPart: {
            /** Text */
            text: string;
            /**
             * Kind
             * @default plain
             * @enum {string}
             */
            kind: "plain" | "state" | "event" | "since" | "until" | "warning" | "error";
            /** At */
            at?: string | null;
            /** Id */
            id?: string | null;
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
         * @description How instances of an earlier version become ones of this.
         */
        UpgradePlanView: {
            /** From Version */
            from_version: number;
            /**
             * Configurations
             * @description configurations that instances can be in, each with one here
             */
            configurations: number;
            /**
             * Complete
             * @description false: there may be more than were explored
             */
            complete: boolean;
            /**
             * Moved
             * @description those whose state changes, at most 50
             */
            moved: components["schemas"]["MovedState"][];
            /**
             * Living
             * @description instances of that version exist now
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description by how many seconds the answer may be behind, where the server reads lists and counts from a standby; less than the time since your last write was answered: the answer has it; 0: it is not behind. Default: the server's bound, which is never exceeded
                 * @example 2.5
                 */
                "Statehold-Max-Lag"?: string;
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                    /** @description `lag_seconds` of an answer from a standby; left out where it is 0 */
                    "Statehold-Lag"?: number;
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                     * @description generated if omitted
                     */
                    id?: string | null;
                    /**
                     * Data
                     * @description the machine's data, or the input that it makes its data of; default: the defaults of its type
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
            query?: {
                /**
                 * @description a view of the caller's by role, in place of the first one of the machine's that it has
                 * @example courier
                 */
                view?: string;
            };
            header?: {
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                /** @description views, also where the caller may inspect */
                views?: boolean;
                /** @description views, those of this name */
                view?: string | null;
            };
            header?: {
                /**
                 * @description the last seq that the client received
                 * @example 3
                 */
                "Last-Event-ID"?: string;
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                 *       "reason": "the customer asked",
                 *       "force": false
                 *     }
                 */
                "application/json": {
                    /** Reason */
                    reason?: string | null;
                    /**
                     * Force
                     * @description end it at once with all that it has in progress: nothing of its chart runs
                     * @default false
                     */
                    force?: boolean;
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                     * @description new data of the machine's data type
                     */
                    data: unknown;
                    /**
                     * State
                     * @description the active leaves; default: they stay as they are
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                     * @description when the timer fires
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                     * @description used as the effect's result
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description by how many seconds the answer may be behind, where the server reads lists and counts from a standby; less than the time since your last write was answered: the answer has it; 0: it is not behind. Default: the server's bound, which is never exceeded
                 * @example 2.5
                 */
                "Statehold-Max-Lag"?: string;
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                    /** @description `lag_seconds` of an answer from a standby; left out where it is 0 */
                    "Statehold-Lag"?: number;
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description by how many seconds the answer may be behind, where the server reads lists and counts from a standby; less than the time since your last write was answered: the answer has it; 0: it is not behind. Default: the server's bound, which is never exceeded
                 * @example 2.5
                 */
                "Statehold-Max-Lag"?: string;
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                    /** @description `lag_seconds` of an answer from a standby; left out where it is 0 */
                    "Statehold-Lag"?: number;
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description by how many seconds the answer may be behind, where the server reads lists and counts from a standby; less than the time since your last write was answered: the answer has it; 0: it is not behind. Default: the server's bound, which is never exceeded
                 * @example 2.5
                 */
                "Statehold-Max-Lag"?: string;
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                    /** @description `lag_seconds` of an answer from a standby; left out where it is 0 */
                    "Statehold-Lag"?: number;
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description by how many seconds the answer may be behind, where the server reads lists and counts from a standby; less than the time since your last write was answered: the answer has it; 0: it is not behind. Default: the server's bound, which is never exceeded
                 * @example 2.5
                 */
                "Statehold-Max-Lag"?: string;
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                    /** @description `lag_seconds` of an answer from a standby; left out where it is 0 */
                    "Statehold-Lag"?: number;
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description by how many seconds the answer may be behind, where the server reads lists and counts from a standby; less than the time since your last write was answered: the answer has it; 0: it is not behind. Default: the server's bound, which is never exceeded
                 * @example 2.5
                 */
                "Statehold-Max-Lag"?: string;
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                    /** @description `lag_seconds` of an answer from a standby; left out where it is 0 */
                    "Statehold-Lag"?: number;
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                     * @description used as the effect's result
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not found */
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
            /** @description Problem: refused in the present state; nothing changed */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
    statehold_audit: {
        parameters: {
            query?: {
                machine?: string | null;
                id?: string | null;
                caller?: string | null;
                action?: string | null;
                outcome?: ("done" | "refused") | null;
                since?: string | null;
                until?: string | null;
                limit?: number;
                cursor?: string | null;
            };
            header?: {
                /**
                 * @description the caller's name, where the server believes it
                 * @example ada
                 */
                "Statehold-Caller"?: string;
                /**
                 * @description the caller's roles, separated by commas, where the server believes it; left out: none
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
                    "application/json": components["schemas"]["AuditLines"];
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
            /** @description Problem: authentication required */
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
            /** @description Problem: not permitted */
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
            /** @description Problem: the payload is not valid, or the machine's own code failed on it */
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
            /** @description Problem: the caller has its share of the server in use; the same request can succeed later */
            429: {
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
            /** @description Problem: internal error; see the server log */
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
            /** @description Problem: not available now; the same request can succeed later */
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
    statehold_sign_in: {
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
                    "application/json": components["schemas"]["SignIn"];
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
            /** @description Problem: not permitted */
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
            /** @description Problem: not available now; the same request can succeed later */
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
            /** @description Problem: not available now; the same request can succeed later */
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
