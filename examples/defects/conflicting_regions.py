"""Two regions have conflicting transitions for one event: the second one is dropped."""

from __future__ import annotations

from statehold import Compound, Event, Final, Machine, Parallel, State, on, on_done


class Stopped(Event): ...


class FlightBooked(Event): ...


class HotelBooked(Event): ...


class Trip(
    Machine[None, FlightBooked | HotelBooked | Stopped], name="conflicting-regions", version=1
):
    class booking(Parallel, initial=True):
        class flight(Compound):
            open = State(initial=True)
            booked = Final()

            book = on(FlightBooked, open >> booked)

        class hotel(Compound):
            open = State(initial=True)
            booked = Final()

            book = on(HotelBooked, open >> booked)

    cancelled = Final()
    postponed = Final()
    complete = Final()

    cancel = on(Stopped, booking.flight.open >> cancelled)
    postpone = on(Stopped, booking.hotel.open >> postponed)
    finish = on_done(booking >> complete)


class Mended(
    Machine[None, FlightBooked | HotelBooked | Stopped],
    name="conflicting-regions-mended",
    version=1,
):
    class booking(Parallel, initial=True):
        class flight(Compound):
            open = State(initial=True)
            booked = Final()

            book = on(FlightBooked, open >> booked)

        class hotel(Compound):
            open = State(initial=True)
            booked = Final()

            book = on(HotelBooked, open >> booked)

    cancelled = Final()
    complete = Final()

    cancel = on(Stopped, booking >> cancelled)
    finish = on_done(booking >> complete)
